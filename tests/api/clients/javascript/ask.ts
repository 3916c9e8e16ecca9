// Asks a served Ordain with the types that openapi-typescript makes of its document. Prints what came, as JSON.
// A line under `@ts-expect-error` has to be wrong by those types: the compiler fails where it is not.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const url = process.argv[2] ?? "";
const key = process.argv[3];
const client = createClient<paths>({ baseUrl: url, headers: key ? { Authorization: `Bearer ${key}` } : {} });

const asked: components["schemas"]["plan-advice.request"] = {
  subject: "C-9",
  facts: { usage_gb: 95, plan_gb: "100.0" },
};
const header = { "Idempotency-Key": crypto.randomUUID() };

async function decide() {
  const { data, error } = await client.POST("/v1/decisions/plan-advice", { body: asked, params: { header } });
  if (error) throw new Error(error.error.code);
  const action: "plan up" | "plan down" | "add-on" = data.outcome.advice.action;
  return { id: data.decision_id, status: data.status, action };
}

async function quote() {
  const { data } = await client.GET("/v1/services/{service}", { params: { path: { service: "price-quote" } } });
  const body = data?.example?.request as components["schemas"]["price-quote.request"];
  const { data: answer } = await client.POST("/v1/decisions/price-quote/dry-run", { body });
  // @ts-expect-error - the outcome may be withheld
  answer?.outcome.price;
  return answer?.outcome?.price.currency;
}

async function lines() {
  const { data } = await client.POST("/v1/decisions/plan-advice/batch", {
    body: [asked, { subject: "C-10" }].map((line) => JSON.stringify(line)).join("\n"),
    bodySerializer: (body) => body,
    headers: { "content-type": "application/x-ndjson" },
    parseAs: "text",
  });
  const told = (data ?? "").trim().split("\n").map((line) => JSON.parse(line) as components["schemas"]["plan-advice.line"]);
  return told.map((line) => ("error" in line ? line.error.code : line.status));
}

async function refusals() {
  // @ts-expect-error - a fact is missing
  const missing = await client.POST("/v1/decisions/plan-advice", { body: { subject: "C-9", facts: { usage_gb: 1 } } });
  // @ts-expect-error - a number is wanted
  const wrong = await client.POST("/v1/decisions/plan-advice", { body: { subject: "C-9", facts: { usage_gb: 1, plan_gb: [] } } });
  // @ts-expect-error - there is no such service
  const nothing = await client.POST("/v1/decisions/plan-advise", { body: asked });
  return [missing, wrong, nothing].map((each) => each.response.status);
}

async function record(id: string) {
  const { data } = await client.GET("/v1/decisions/{decision_id}", { params: { path: { decision_id: id } } });
  return data?.status;
}

const first = await decide();
const again = await decide();
const told = { first, again, record: await record(first.id), quote: await quote(), lines: await lines(), refusals: await refusals() };
process.stdout.write(JSON.stringify(told));
