// Holds the compiler to the live documents: `live.ts` compiles against the types of each role, and no longer once a word in
// it is none of the rules'. Usage: node live.mjs COMPANY.json ORIGIN (with what `loudou demo --json` printed), which leaves
// `seller.json` and `manager.json`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const [companyFile, origin] = process.argv.slice(2);
const { password } = JSON.parse(readFileSync(companyFile, "utf8"));

async function asked(path, init) {
  const answer = await fetch(`${origin}${path}`, init);
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.json();
}

async function documentOf(login) {
  const body = JSON.stringify({ login, password });
  const signedIn = await asked("/v1/auth/login", { method: "POST", headers: { "content-type": "application/json" }, body });
  const headers = { authorization: `Bearer ${signedIn.access_token}`, "accept-language": "en" };
  return asked("/v1/rules/openapi.json", { headers });
}

const { options } = ts.convertCompilerOptionsFromJson(JSON.parse(readFileSync("tsconfig.json", "utf8")).compilerOptions, ".");

/** What the compiler has against each of these texts, which share one reading of the types. */
function faults(texts) {
  const files = texts.map((text, number) => {
    writeFileSync(`live.${number}.ts`, text);
    return `live.${number}.ts`;
  });
  const program = ts.createProgram(files, { ...options, skipLibCheck: true });
  return files.map((file) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, "\n"));
  });
}

const good = readFileSync("live.ts", "utf8");
const forManagers = good.replaceAll("// For managers: ", "");
/** What is wrong, and how it comes about. */
const wrong = [
  ["a stage that is not there", 'to: "contacted"', 'to: "contactd"'],
  ["a move that the rules do not know", 'from: "graded", to: "contacted"', 'from: "graded", to: "signed"'],
  ["a reason that is not there", 'reason: "refused"', 'reason: "whim"'],
  ["no reason where one is needed", ', reason: "refused"', ""],
  ["a field that is not there", 'size: "large"', 'sise: "large"'],
  ["a choice that is not there", 'size: "large"', 'size: "huge"'],
  ["a field that is needed", 'name: "华新门业", ', ""],
  ["money in another currency", 'currency: "CNY"', 'currency: "USD"'],
  ["a product that is not there", 'product: "website",\n', 'product: "websites",\n'],
  ["an outcome of another kind of activity", 'outcome: "reached"', 'outcome: "agreed"'],
  ["a filter by a stage that is not there", 'stage: "lead"', 'stage: "leads"'],
  ["a column too few", "  signed: 5,\n", ""],
  ["a field that nobody has", "customer_fields.name", "customer_fields.nome"],
];

for (const [role, login] of [["seller", "li"], ["manager", "mei"]]) {
  writeFileSync(`${role}.json`, JSON.stringify(await documentOf(login)));
}
for (const [role, text] of [["seller", good], ["manager", forManagers]]) {
  execFileSync(process.execPath, ["node_modules/.bin/openapi-typescript", `${role}.json`, "-o", "role.d.ts"], { stdio: "pipe" });
  const changed = wrong.map(([what, from, to]) => {
    assert.ok(text.includes(from), what);
    return text.replace(from, to);
  });
  const [of, ofManagers, ...ofWrong] = faults([text, forManagers, ...changed]);
  assert.deepEqual(of, [], `for a ${role}`);
  ofWrong.forEach((found, at) => assert.ok(found.length > 0, `for a ${role}, ${wrong[at][0]} went unnoticed`));
  if (role === "seller") assert.ok(ofManagers.length >= 2, "a seller could ask for what is the manager's");
  console.log(`${role}: live.ts compiles; ${wrong.length} wrong words are refused`);
}
