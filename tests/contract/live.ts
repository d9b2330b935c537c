// What a front-end writes against the live document of its users' role. This file compiles; `live.mjs` changes one word at a
// time and holds the compiler to refusing each. The paths and types are those of whom `./role.d.ts` was made for.
import createClient from "openapi-fetch";
import type { components, paths } from "./role.d.ts";

type Schemas = components["schemas"];

const client = createClient<paths>({ baseUrl: "http://127.0.0.1" });
const path = { id: "01a2145f-4fe8-7294-9cbf-3b21e280407b" };

const customer: Schemas["NewCustomerBody"] = { fields: { name: "华新门业", size: "large", source: "web" } };
await client.POST("/v1/customers", { body: customer });
const patch: Schemas["DealPatchBody"] = {
  product: "website",
  fields: { suitable: true, sales_target: { amount_minor: 5_000_000, currency: "CNY" } },
};
await client.PATCH("/v1/deals/{id}", { params: { path, header: { "If-Match": "*" } }, body: patch });

const forward: Schemas["MoveBody"] = { from: "graded", to: "contacted" };
const lost: Schemas["MoveBody"] = { from: "contacted", to: "abandoned", reason: "refused" };
for (const body of [forward, lost]) await client.POST("/v1/deals/{id}/moves", { params: { path }, body });
const call: Schemas["ActivityBody"] = { kind: "call", outcome: "reached" };
await client.POST("/v1/deals/{id}/activities", { params: { path }, body: call });

const { data } = await client.GET("/v1/deals", { params: { query: { stage: "lead", product: "website" } } });
/** Every stage has its column, or this does not compile. */
const columns: Record<Schemas["StageId"], number> = {
  resource: 0,
  graded: 1,
  contacted: 2,
  lead: 3,
  intent: 4,
  signed: 5,
  implemented: 6,
  abandoned: 7,
};
export const board = data?.data.map((deal) => ({ column: columns[deal.stage], name: deal.customer_fields.name }));
// For managers: const back: Schemas["MoveBody"] = { from: "intent", to: "lead", note: "too early" };
// For managers: export const steps = [back, client.POST("/v1/deals/{id}/assign", { params: { path }, body: { owner: path.id } })];
