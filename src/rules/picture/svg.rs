//! The funnel as an SVG: the stages as a funnel from the top down, what is demanded to enter beside each, moves back
//! and out along its sides, and the moves that need words listed below. Stands alone: no script, no font, nothing loaded.

use super::layout::{Lane, Listed, body, ems, fitting, in_lines, is_next, lanes, listed, shade, times, wrapped};
use super::words::Words;
use crate::rules::model::{Direction, Funnel, Mode, MoveFrom, MoveTo, Rules, Stage, StageKind};
use crate::texts::Message;
use crate::values::Language;
use std::fmt::Write as _;

// All lengths in user units, which are pixels at the picture's own size.
const MARGIN: f64 = 32.0;
const TOP: f64 = 104.0;
/// Widths of the funnel at its mouth and at its end.
const MOUTH: f64 = 560.0;
const END: f64 = 340.0;
const ROW: f64 = 76.0;
const GAP: f64 = 22.0;
const LANE: f64 = 24.0;
const LINE: f64 = 18.0;
/// Of the column of what is demanded.
const COLUMN: f64 = 450.0;
/// Of the names at its end.
const NAME: f64 = 110.0;
const FONTS: &str = "'Noto Sans', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', \
                     'Helvetica Neue', Arial, sans-serif";
const INK: &str = "#1f2937";
const FAINT: &str = "#5b6472";
const HAIR: &str = "#cfd6de";
const OUT: &str = "#b4483f";
const WON: &str = "#1f7a4d";

/// A stage in the body of the funnel.
struct Row<'a> {
    stage: &'a Stage,
    y: f64,
    height: f64,
    /// Half of its width above and below.
    half: (f64, f64),
    demands: Vec<Demanded>,
}

/// A line of what is demanded; the first of each criterion has its mark and name.
struct Demanded {
    mark: Option<(Mode, String)>,
    text: String,
}

/// Draws a funnel for a reader.
#[must_use]
pub fn svg(rules: &Rules, funnel: &Funnel, wanted: &[Language]) -> String {
    let words = Words { rules, funnel, wanted };
    let lines = listed(&words);
    let lanes = lanes(&words, &lines);
    let rows = rows(&words);
    let lost: Vec<&Stage> = funnel.stages.iter().filter(|stage| stage.kind == StageKind::Lost).collect();
    let left = MARGIN + LANE * times(lanes.len()) + if lanes.is_empty() { 0.0 } else { 12.0 };
    let middle = left + MOUTH / 2.0;
    let gutter = middle + MOUTH / 2.0 + 26.0;
    let column = gutter + 30.0;
    let mut page = Page { out: String::new(), middle, gutter, column };
    let bottom = rows.last().map_or(TOP, |row| row.y + row.height);
    page.heading(&words, left);
    for (index, row) in rows.iter().enumerate() {
        page.band(&words, row, index, rows.len());
        page.demands(row);
        if let Some(next) = rows.get(index + 1) {
            page.step(&words, &lines, row, next);
        }
    }
    let below = page.lost(&words, &rows, &lost, bottom);
    for (index, lane) in lanes.iter().enumerate() {
        let x = left - 12.0 - LANE * (times(index) + 0.5);
        page.lane(&rows, lane, x, below);
    }
    let end = page.legend(&words, &lines, MARGIN, below + 34.0);
    let width = column + COLUMN + MARGIN;
    let height = end + MARGIN;
    framed(&words, &page.out, width, height)
}

fn framed(words: &Words<'_>, inside: &str, width: f64, height: f64) -> String {
    let language = crate::texts::spoken(words.wanted);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-labelledby=\"title description\" lang=\"{language}\" \
         font-family=\"{FONTS}\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n\
         <defs>{}{}</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{inside}</svg>\n",
        escaped(&words.title()),
        escaped(&words.description()),
        arrow("step", FAINT),
        arrow("out", OUT),
    )
}

fn arrow(id: &str, colour: &str) -> String {
    format!(
        "<marker id=\"{id}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto-start-reverse\"><path d=\"M0 1 9 5 0 9z\" fill=\"{colour}\"/></marker>"
    )
}

fn rows<'a>(words: &Words<'a>) -> Vec<Row<'a>> {
    let stages = body(words);
    let width = |at: usize| MOUTH - (MOUTH - END) * times(at) / times(stages.len().max(1));
    let mut y = TOP;
    let mut rows = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let demands = demands(words, stage);
        let height = ROW.max(times(demands.len()) * LINE + 14.0);
        let half = (width(index) / 2.0, width(index + 1) / 2.0);
        rows.push(Row { stage, y, height, half, demands });
        y += height + GAP;
    }
    rows
}

/// What is demanded to enter, in lines that fit.
fn demands(words: &Words<'_>, stage: &Stage) -> Vec<Demanded> {
    let mut lines = Vec::new();
    for criterion in &stage.enter {
        let text = words.demand(criterion);
        let id = fitting(&criterion.id, NAME / 11.0);
        for (index, line) in wrapped(&text, (COLUMN - NAME - 32.0) / 13.0).into_iter().enumerate() {
            lines.push(Demanded { mark: (index == 0).then(|| (criterion.mode, id.clone())), text: line });
        }
    }
    lines
}

/// The picture as far as it is drawn.
struct Page {
    out: String,
    /// The axis of the funnel.
    middle: f64,
    /// The line by which deals leave the funnel.
    gutter: f64,
    /// Where the column of what is demanded begins.
    column: f64,
}

/// How a text looks.
struct Style {
    size: f64,
    fill: &'static str,
    anchor: &'static str,
    bold: bool,
}

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a text does not fail.
        let _ = self.out.write_fmt(text);
        self.out.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, text: &str, style: &Style) {
        let Style { size, fill, anchor, bold } = style;
        let weight = if *bold { " font-weight=\"600\"" } else { "" };
        let text = escaped(text);
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{fill}\" text-anchor=\"{anchor}\"{weight}>{text}</text>"
        ));
    }

    fn heading(&mut self, words: &Words<'_>, left: f64) {
        let title = Style { size: 26.0, fill: INK, anchor: "start", bold: true };
        self.text(left, 48.0, &words.title(), &title);
        let small = Style { size: 13.0, fill: FAINT, anchor: "start", bold: false };
        if let Some(intake) = words.intake() {
            self.text(left, 74.0, &intake, &small);
        }
        let head = words.say(&Message::new("picture_enter"));
        self.text(self.column, 74.0, &head, &Style { bold: true, ..small });
    }

    fn band(&mut self, words: &Words<'_>, row: &Row<'_>, index: usize, of: usize) {
        let (x, y, bottom) = (self.middle, row.y, row.y + row.height);
        let (top_half, low_half) = row.half;
        let fill = if row.stage.kind == StageKind::Won { WON.to_owned() } else { shade(index, of) };
        let faded = if row.stage.retired { " fill-opacity=\"0.45\"" } else { "" };
        self.put(format_args!(
            "<path d=\"M{:.1} {y:.1}H{:.1}L{:.1} {bottom:.1}H{:.1}Z\" fill=\"{fill}\"{faded} stroke=\"{fill}\" \
             stroke-width=\"8\" stroke-linejoin=\"round\"/>",
            x - top_half,
            x + top_half,
            x + low_half,
            x - low_half,
        ));
        let room = (low_half * 2.0 - 24.0).max(80.0);
        let aims = in_lines(&words.aims(row.stage), " · ", room / 12.5);
        let block = 20.0 + times(aims.len()) * 17.0;
        let mut line = y + (row.height - block) / 2.0 + 15.0;
        let label = fitting(&words.label(row.stage), room / 18.0);
        self.text(x, line, &label, &Style { size: 18.0, fill: "#ffffff", anchor: "middle", bold: true });
        line += 3.0;
        for aim in aims {
            line += 17.0;
            self.text(x, line, &aim, &Style { size: 12.5, fill: "#ffffff", anchor: "middle", bold: false });
        }
    }

    fn demands(&mut self, row: &Row<'_>) {
        if row.demands.is_empty() {
            return;
        }
        let x = self.column;
        self.put(format_args!(
            "<path d=\"M{:.1} {y:.1}H{:.1}\" stroke=\"{HAIR}\" fill=\"none\"/>",
            self.middle + row.half.0 + 6.0,
            x + COLUMN,
            y = row.y - 4.0,
        ));
        let mut y = row.y + 14.0;
        for Demanded { mark, text } in &row.demands {
            match mark.as_ref().map(|(mode, _)| mode) {
                Some(Mode::Enforce) => self.put(format_args!(
                    "<path d=\"M{x:.1} {:.1}l4 4 7-8\" fill=\"none\" stroke=\"{WON}\" stroke-width=\"2\"/>",
                    y - 4.5
                )),
                Some(Mode::Warn) => self.put(format_args!(
                    "<path d=\"M{:.1} {:.1}l6 10.5h-12z\" fill=\"none\" stroke=\"#a16207\" stroke-width=\"1.6\" \
                     stroke-linejoin=\"round\"/>",
                    x + 5.5,
                    y - 10.0
                )),
                Some(Mode::Audit) => self.put(format_args!(
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{FAINT}\"/>",
                    x + 5.5,
                    y - 4.5
                )),
                None => {}
            }
            self.text(x + 20.0, y, text, &Style { size: 13.0, fill: INK, anchor: "start", bold: false });
            if let Some((_, id)) = mark {
                self.text(x + COLUMN, y, id, &Style { size: 11.0, fill: FAINT, anchor: "end", bold: false });
            }
            y += LINE;
        }
    }

    /// The step to the next stage, if the rules know it.
    fn step(&mut self, words: &Words<'_>, lines: &[Listed<'_>], row: &Row<'_>, next: &Row<'_>) {
        let goes = |step: &&crate::rules::model::Move| {
            matches!((&step.from, &step.to), (MoveFrom::Stage(from), MoveTo::Stage(to))
                if *from == row.stage.id && *to == next.stage.id && is_next(words, from, to))
        };
        if !words.funnel.moves.iter().any(|step| goes(&step)) {
            return;
        }
        let (x, y) = (self.middle, row.y + row.height + 5.0);
        self.put(format_args!(
            "<path d=\"M{x:.1} {y:.1}V{:.1}\" stroke=\"{FAINT}\" stroke-width=\"2\" marker-end=\"url(#step)\"/>",
            next.y - 5.0
        ));
        if let Some(number) = lines.iter().position(|line| line.moves.iter().any(&goes)) {
            self.badge(x + 16.0, y + 6.0, number + 1);
        }
    }

    /// A move's number in the list below.
    fn badge(&mut self, x: f64, y: f64, number: usize) {
        self.put(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\" fill=\"#ffffff\" stroke=\"{FAINT}\" stroke-width=\"1.4\"/>"
        ));
        let style = Style { size: 11.0, fill: INK, anchor: "middle", bold: true };
        self.text(x, y + 4.0, &number.to_string(), &style);
    }

    /// A move along the left side.
    fn lane(&mut self, rows: &[Row<'_>], lane: &Lane, x: f64, below: f64) {
        let edge = |row: &Row<'_>| self.middle - (row.half.0 + row.half.1) / 2.0 - 8.0;
        let middle_of = |row: &Row<'_>| row.y + row.height / 2.0;
        let Some(target) = rows.get(lane.to) else { return };
        let (to_x, to_y) = (edge(target), middle_of(target) - 10.0);
        let (from_x, from_y) = match lane.from.and_then(|from| rows.get(from)) {
            Some(row) => (edge(row), middle_of(row) + 10.0),
            None => (self.column, below - 8.0),
        };
        let up = if from_y > to_y { -1.0 } else { 1.0 };
        self.put(format_args!(
            "<path d=\"M{from_x:.1} {from_y:.1}H{:.1}Q{x:.1} {from_y:.1} {x:.1} {:.1}V{:.1}Q{x:.1} {to_y:.1} {:.1} {to_y:.1}\
             H{to_x:.1}\" fill=\"none\" stroke=\"{FAINT}\" stroke-width=\"1.6\" stroke-dasharray=\"5 4\" marker-end=\"url(#step)\"/>",
            x + 10.0,
            from_y + up * 10.0,
            to_y - up * 10.0,
            x + 10.0,
        ));
        self.badge(x, (from_y + to_y) / 2.0, lane.number);
    }

    /// The ways out of the funnel and where they end; how far down they reach.
    fn lost(&mut self, words: &Words<'_>, rows: &[Row<'_>], lost: &[&Stage], bottom: f64) -> f64 {
        if lost.is_empty() {
            return bottom;
        }
        let leaves = |row: &&Row<'_>| {
            words.funnel.moves.iter().any(|step| {
                step.direction == Direction::Lost
                    && matches!(&step.from, MoveFrom::Stage(from) if *from == row.stage.id)
            })
        };
        let gutter = self.gutter;
        let mut first = None;
        for row in rows.iter().filter(leaves) {
            let y = row.y + row.height - 12.0;
            let x = self.middle + row.half.1 + 10.0;
            self.put(format_args!("<path d=\"M{x:.1} {y:.1}H{:.1}\" stroke=\"{OUT}\" stroke-width=\"1.6\"/>", gutter));
            first = first.or(Some(y));
        }
        let mut y = bottom + 26.0;
        for stage in lost {
            let reasons = words.reasons(stage);
            let height = 40.0 + times(reasons.len()) * LINE;
            let x = self.column;
            self.put(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{COLUMN:.1}\" height=\"{height:.1}\" rx=\"8\" fill=\"#fcf3f2\" \
                 stroke=\"{OUT}\" stroke-width=\"1.4\"/>"
            ));
            let label = fitting(&words.label(stage), (COLUMN - 32.0) / 16.0);
            self.text(x + 16.0, y + 26.0, &label, &Style { size: 16.0, fill: OUT, anchor: "start", bold: true });
            for (index, reason) in reasons.iter().enumerate() {
                let line = y + 26.0 + LINE * (times(index) + 1.0);
                let reason = fitting(reason, (COLUMN - 32.0) / 13.0);
                self.text(x + 16.0, line, &reason, &Style { size: 13.0, fill: INK, anchor: "start", bold: false });
            }
            if let Some(from) = first {
                let at = y + 20.0;
                self.put(format_args!(
                    "<path d=\"M{gutter:.1} {from:.1}V{:.1}Q{gutter:.1} {at:.1} {:.1} {at:.1}H{:.1}\" fill=\"none\" stroke=\"{OUT}\" \
                     stroke-width=\"1.6\" marker-end=\"url(#out)\"/>",
                    at - 10.0,
                    gutter + 10.0,
                    x - 2.0,
                ));
            }
            y += height + 14.0;
        }
        y - 14.0
    }

    /// The moves that need words; how far down they reach.
    fn legend(&mut self, words: &Words<'_>, lines: &[Listed<'_>], x: f64, mut y: f64) -> f64 {
        if lines.is_empty() {
            return y - 34.0;
        }
        let head = words.say(&Message::new("picture_legend"));
        self.text(x, y, &head, &Style { size: 13.0, fill: FAINT, anchor: "start", bold: true });
        let most = (self.column + COLUMN - x - 30.0) / 13.0;
        for (index, line) in lines.iter().enumerate() {
            y += 26.0;
            self.badge(x + 9.0, y - 4.5, index + 1);
            let own = Style { size: 13.0, fill: INK, anchor: "start", bold: true };
            self.text(x + 28.0, y, line.id, &own);
            let indent = ems(line.id) * 13.0 + 44.0;
            for (number, part) in wrapped(&line.text, most - indent / 13.0).iter().enumerate() {
                if number > 0 {
                    y += LINE;
                }
                self.text(x + indent, y, part, &Style { size: 13.0, fill: INK, anchor: "start", bold: false });
            }
        }
        y
    }
}

/// Text in XML. Characters that XML does not know are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter => out.push(letter),
        }
    }
    out
}
