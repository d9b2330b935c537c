// The whole walk, by the client that openapi-typescript makes of the document: from a resource to an implemented
// customer, each step refused with every unmet criterion first and allowed after. Usage: node walk.ts COMPANY.json
// (what `loudou demo --json` printed).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

type Schemas = components["schemas"];

const company = JSON.parse(readFileSync(process.argv[2] ?? "company.json", "utf8")) as { url: string; password: string };
const client = createClient<paths>({ baseUrl: company.url, headers: { "Accept-Language": "en" } });

/** The body of an answer that is expected to be a success. */
function done<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(answer.data !== undefined, `${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

/** The version that an answer came with, for `If-Match`. */
function version(answer: { response: Response }): string {
  const etag = answer.response.headers.get("etag");
  assert.match(etag ?? "", /^"v\d+"$/);
  return etag ?? "";
}

const signedIn = done(await client.POST("/v1/auth/login", { body: { login: "li", password: company.password } }));
client.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${signedIn.access_token}`);
    return request;
  },
});

// The company's: what is late in the evening elsewhere is tomorrow there.
const today = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai" }).format(new Date());
const unique = String(Date.now()).slice(-8);
const customer = done(
  await client.POST("/v1/customers", {
    params: { header: { "Idempotency-Key": `typescript-${unique}` } },
    body: { fields: { name: `TypeScript ${unique}`, phone: `0755 ${unique}`, source: "web" } },
  }),
);
const deal = done(await client.POST("/v1/deals", { body: { customer: customer.id } }));
assert.equal(deal.stage, "resource");
const path = { id: deal.id };

/** What is only warned about, of a success as of a refusal. */
function warned(all: Schemas["Unmet"][]): string {
  const ids = all.filter((unmet) => unmet.severity === "warn").map((unmet) => unmet.id);
  return ids.length > 0 ? `, warned ${ids.join(" ")}` : "";
}

/** Moves, and says how it came out: the stage and state, or the status with the refusing criteria or the code. */
async function moved(body: Schemas["MoveBody"]): Promise<string> {
  const { data, error, response } = await client.POST("/v1/deals/{id}/moves", { params: { path }, body });
  if (data) return `${data.stage} (${data.state})${warned(data.warnings)}`;
  const refusing = error.unmet.filter((unmet) => unmet.severity === "refuse").map((unmet) => unmet.id);
  return [response.status, ...(refusing.length > 0 ? refusing : [error.code])].join(" ") + warned(error.unmet);
}

async function logged(body: Schemas["ActivityBody"]): Promise<void> {
  assert.equal(done(await client.POST("/v1/deals/{id}/activities", { params: { path }, body })).kind, body.kind);
}

// Refused with everything that is missing, at once.
assert.equal(await moved({ from: "resource", to: "graded" }), "422 graded_by_hand");
const options = done(await client.GET("/v1/deals/{id}/moves", { params: { path } }));
assert.deepEqual(options.moves[0]?.criteria[0]?.fields, [
  "customer.verified",
  "customer.understood",
  "customer.size",
  "deal.grade",
  "deal.product",
  "deal.sales_target",
]);
const known = await client.PATCH("/v1/customers/{id}", {
  params: { path: { id: customer.id }, header: { "If-Match": `"v${customer.version}"` } },
  body: { fields: { size: "large", verified: true, understood: "makes doors" } },
});
assert.equal(version(known), `"v${done(known).version}"`);
const fresh = await client.GET("/v1/deals/{id}", { params: { path } });
done(
  await client.PATCH("/v1/deals/{id}", {
    params: { path, header: { "If-Match": version(fresh) } },
    body: {
      product: "website",
      fields: { suitable: true, sales_target: { amount_minor: 5_000_000, currency: "CNY" } },
    },
  }),
);
const stale = await client.PATCH("/v1/deals/{id}", {
  params: { path, header: { "If-Match": version(fresh) } },
  body: { product: null },
});
assert.equal(stale.error?.code, "version_changed");
assert.equal(done(await client.POST("/v1/deals/{id}/grade", { params: { path }, body: {} })).grade, "A");
assert.equal(await moved({ from: "resource", to: "graded" }), "graded (open)");
assert.equal(await moved({ to: "contacted" }), "422 reached, warned material");
await logged({ kind: "call", outcome: "reached" });
// What is only warned about comes with the success too.
assert.equal(await moved({ to: "contacted" }), "contacted (open), warned material");
assert.equal(await moved({ to: "lead" }), "422 interested");
assert.equal(await moved({ to: "signed" }), "409 no_such_move");
await logged({ kind: "call", outcome: "interested" });
assert.equal(await moved({ to: "lead" }), "lead (open)");
assert.equal(await moved({ to: "intent" }), "422 visit has");
await logged({ kind: "visit", outcome: "agreed" });
const asked = (visit_on: string) =>
  client.PATCH("/v1/deals/{id}", {
    params: { path, header: { "If-Match": "*" } },
    body: { fields: { question: "how long does it take?", visit_on } },
  });
// A value that the rules do not take refuses the whole write.
const past = await asked("2020-01-01");
assert.equal(past.response.status, 422);
assert.deepEqual(past.error?.unmet.map((unmet) => [unmet.id, unmet.kind]), [["visit_ahead", "validation"]]);
assert.equal(done(await asked(today)).fields["question"], "how long does it take?");
assert.equal(await moved({ to: "intent" }), "intent (open)");
assert.equal(await moved({ to: "signed" }), "422 signed");
const amount = (amount_minor: number): Schemas["Money"] => ({ amount_minor, currency: "CNY" });
const contract = done(
  await client.POST("/v1/deals/{id}/contracts", {
    params: { path },
    body: { amount: amount(5_000_000), signed_on: today },
  }),
);
assert.equal(await moved({ to: "signed" }), "signed (open)");
assert.equal(await moved({ to: "implemented" }), "422 paid delivered accepted");
const ofContract = { id: deal.id, contract: contract.id };
done(
  await client.PATCH("/v1/deals/{id}/contracts/{contract}", {
    params: { path: ofContract, header: { "If-Match": `"v${contract.version}"` } },
    body: { delivered_on: today, accepted_on: today },
  }),
);
for (const outcome of ["422 paid", "implemented (won)"]) {
  done(
    await client.POST("/v1/deals/{id}/contracts/{contract}/payments", {
      params: { path: ofContract },
      body: { amount: amount(2_500_000), paid_on: today },
    }),
  );
  assert.equal(await moved({ to: "implemented" }), outcome);
}

// Won: closed for moves, and for writes of the seller.
assert.equal(await moved({ to: "abandoned", reason: "refused" }), "409 deal_closed");
const history = done(await client.GET("/v1/deals/{id}/history", { params: { path } }));
const stages = ["resource", "graded", "contacted", "lead", "intent", "signed", "implemented"];
assert.deepEqual(history.data.map((line) => line.to), stages);
const decisions = done(
  await client.GET("/v1/deals/{id}/decisions", { params: { path, query: { limit: 100 } } }),
);
const outcomes = decisions.data.filter((one) => one.action === "deals.move").map((one) => one.outcome);
assert.equal(outcomes.filter((outcome) => outcome === "allowed").length, 6);
assert.equal(outcomes.filter((outcome) => outcome === "refused").length, 9);
console.log(`TypeScript: ${stages.join(" -> ")}`);
