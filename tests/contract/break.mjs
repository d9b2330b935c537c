// Writes a copy of the document that would break clients in four ways, for the search for such changes to find.
// Usage: node break.mjs DOCUMENT.json COPY.json
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const document = JSON.parse(readFileSync(from, "utf8"));
delete document.paths["/v1/deals/{id}/moves"].get;
delete document.components.schemas.Deal.properties.stage;
document.components.schemas.MoveBody.required.push("note");
// Where in a request a fault is: only answers say it.
document.components.schemas.Part.enum.push("elsewhere");
writeFileSync(to, JSON.stringify(document));
