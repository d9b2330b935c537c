// The documentation in a browser: every operation is there, nothing is asked of anybody but the server, nothing is
// complained about. Usage: node docs.mjs ORIGIN DOCUMENT.json SCREENSHOT.png
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [origin, document, screenshot] = process.argv.slice(2);
const methods = ["get", "put", "post", "patch", "delete"];
const operations = Object.values(JSON.parse(readFileSync(document, "utf8")).paths)
  .flatMap((item) => methods.filter((method) => method in item)).length;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (fault) => complaints.push(String(fault)));
  await page.goto(`${origin}/docs/`);
  await page.locator(".opblock").nth(operations - 1).waitFor();
  assert.equal(await page.locator(".opblock").count(), operations);
  assert.match(await page.locator("h1, .title").first().innerText(), /Loudou/);
  // One of them opened, with its parameters and answers.
  await page.locator("#operations-deals-moveDeal .opblock-summary-control").click();
  await page.locator("#operations-deals-moveDeal .responses-table").first().waitFor();
  await page.locator("#operations-deals-moveDeal").scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });
  const outside = asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:"));
  assert.deepEqual(outside, []);
  assert.deepEqual(complaints, []);
  console.log(`${operations} operations, ${asked.length} requests, all to ${origin}`);
} finally {
  await browser.close();
}
