//! Pages of a list: how one is asked for (`PageRequest`) and how it is answered (`page!`).
//!
//! A list operation takes a `PageRequest`, and answers with a type of its own that `page!` makes, such as
//! `page!(DealPage, DealView)`; its parameters `limit` and `cursor` then appear in the document by themselves. (A generic
//! page would become an anonymous schema in every generated client.)

use super::ApiError;
use super::extract;
use super::problem::Fault;
use crate::texts::Message;
use crate::workflow::pages::cut;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::future::{Ready, ready};

/// Largest page: what one reply may hold without growing slow or heavy.
pub const LARGEST: u16 = 100;
/// What a page holds if nobody says otherwise.
pub const USUAL: u16 = 25;
/// Longest cursor, in characters.
pub const LONGEST_CURSOR: usize = 512;

/// Which page of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// 1 to `LARGEST`.
    pub limit: u16,
    /// Opaque to clients; `None` = the first page.
    pub cursor: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<u16>,
    cursor: Option<String>,
}

impl FromRequest for PageRequest {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = extract::query::<Asked>(request);
        ready(asked.map(|asked| Self { limit: asked.limit.unwrap_or(USUAL), cursor: asked.cursor }))
    }
}

impl PageRequest {
    /// What the cursor says, if there is one: where the page before ended, in the words of the list it is of.
    ///
    /// # Errors
    /// `InvalidParameters` for one that no page of this list gave.
    pub fn after<T: DeserializeOwned>(&self) -> Result<Option<T>, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let read = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        match read {
            Some(place) => Ok(Some(place)),
            None => Err(ApiError::Parameters(vec![Fault::query("cursor", Message::new("cursor_unknown"))])),
        }
    }
}

impl PageRequest {
    /// How many of a list to ask for.
    #[must_use]
    pub fn wanted(&self) -> u16 {
        self.limit.saturating_add(1)
    }

    /// The page of what was found, and the cursor of the next.
    #[must_use]
    pub fn cut<T, P: Serialize>(&self, found: Vec<T>, place: impl Fn(&T) -> P) -> (Vec<T>, Option<String>) {
        let (items, next) = cut(found, self.limit, place);
        (items, next.map(|place| cursor(&place)))
    }
}

/// A cursor that leads back to `place`. It says where, never what may be seen: that is decided anew for each page.
#[must_use]
pub fn cursor<T: Serialize>(place: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

/// Makes the type of a page: `page!(DealPage, DealView)`.
#[macro_export]
macro_rules! page {
    ($(#[$doc:meta])* $page:ident, $view:ty) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $page {
            #[schema(max_items = 100)]
            pub data: Vec<$view>,
            /// Whether there are more after these.
            pub has_more: bool,
            /// What to pass as `cursor` for the next page; null on the last.
            #[schema(max_length = 512)]
            pub next_cursor: Option<String>,
        }

        impl $page {
            /// A page of `data`, which goes on at `next_cursor` if there is one.
            #[must_use]
            pub fn new(data: Vec<$view>, next_cursor: Option<String>) -> Self {
                Self { data, has_more: next_cursor.is_some(), next_cursor }
            }
        }
    };
}
