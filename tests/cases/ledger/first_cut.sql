-- A ledger as the first cut of the ledger wrote it (schema version 1): nine decisions about invented people.
-- Texts and bodies are bytes; they are written as text here so that they can be read.
PRAGMA application_id = 1330791489;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE entry (
	seq INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	time VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	service VARCHAR,
	subject VARCHAR,
	prev_hash BLOB NOT NULL,
	hash BLOB NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE (id)
);
CREATE INDEX ix_entry_subject ON entry (subject);
CREATE TABLE document (
	digest VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	text BLOB NOT NULL,
	PRIMARY KEY (digest, kind, name, version)
);
CREATE UNIQUE INDEX one_text_per_policy_version ON document (name, version) WHERE kind = 'policy';
INSERT INTO document VALUES ('sha256:eedd66d50e0c052982c8b761a8d6dc9bacdbdf82241031e0faf2200142df8cfa', 'policy', 'plan-advice', 1, CAST('policy: plan-advice
version: 1
kind: decision
effective: 2026-01-01
owner: products
purpose: Which plan fits what the customer really uses.

decides:
  used_percent:
    gives: number
    formula: decimal(100 * usage_gb / plan_gb, 2)
    because: Usage as a share of what the plan includes.
  advice:
    gives:
      action: {type: text, values: [plan up, plan down, add-on]}
      say: text
    hit policy: unique
    rules:
      - id: nearly-full
        when: {used_percent: "> 90"}
        then: {action: plan up, say: The next plan up fits your usage better.}
        because: More than 90 percent of the plan is used.
      - id: mostly-empty
        when: {used_percent: "< 30"}
        then: {action: plan down, say: A smaller plan would do.}
        because: Less than 30 percent of the plan is used.
      - id: in-between
        when: {used_percent: "[30..90]"}
        then: {action: add-on, say: ''= "You use " + string(used_percent) + " percent; an add-on covers the peaks."''}
        because: The plan fits.

examples:
  - given: {usage_gb: 95, plan_gb: 100}
    expect: {advice.action: plan up, used_percent: 95}
  - given: {usage_gb: 90, plan_gb: 100}
    expect: {advice.action: add-on, advice.say: You use 90.00 percent; an add-on covers the peaks.}
  - given: {usage_gb: 29.99, plan_gb: 100}
    expect: {advice.action: plan down}
  - given: {usage_gb: 30, plan_gb: 100}
    expect: {advice.action: add-on}
' AS BLOB));
INSERT INTO document VALUES ('sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47', 'vocabulary', '', 0, CAST('# The vocabulary: every fact that a policy may read.
facts:
  churn_risk:
    type: number
    unit: probability
    range: 0..1
    precision: 4
    source: [request, churn]
    personal: true
    meaning: the probability that the customer leaves
  clv_tier:
    type: text
    values: [high, medium, low]
    personal: true
    meaning: the customer''s lifetime value, in three tiers
  last_offer_on:
    type: date
    optional: true
    personal: true
    meaning: the day of the last retention offer; missing means never
  offers_last_90_days:
    type: number
    range: 0..1000
    personal: true
    meaning: how many retention offers the customer had in the last 90 days
  usage_gb:
    type: number
    unit: GB
    range: 0..100000
    personal: true
    meaning: data used in the last month
  plan_gb:
    type: number
    unit: GB
    range: (0..100000]
    meaning: data that the plan includes per month
  jurisdiction:
    type: text
    values: [EU, UK, US, IN]
    personal: true
    meaning: whose law protects the customer
  marketing_objection:
    type: flag
    personal: true
    protected: true
    meaning: the customer objected to direct marketing
  vulnerable_customer:
    type: flag
    default: false
    personal: true
    protected: true
    meaning: somebody marked the customer as vulnerable; no mark means false
  offer:
    type: context
    fields:
      action: {type: text, values: [personal call, e-mail, automated campaign, loyalty reward, none]}
      discount_percent: number
      channel: {type: text, values: [phone, e-mail, sms, none]}
    source: policy retention-offer
    meaning: what is to be offered, and how
' AS BLOB));
INSERT INTO document VALUES ('sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368', 'services', '', 0, CAST('# What an app can ask for.
services:
  retention:
    purpose: What we offer a customer who may leave, and whether we may contact them for it now.
    policies: [retention-offer, contact-compliance]
    gives: [offer]
  plan-advice:
    purpose: Which plan fits the customer''s usage.
    policies: [plan-advice]
    gives: [advice]
' AS BLOB));
INSERT INTO document VALUES ('sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713', 'policy', 'retention-offer', 1, CAST('policy: retention-offer
version: 1
kind: intervention
effective: 2026-01-01
owner: retention
purpose: What we offer a customer who may leave, by risk and lifetime value.

decides:
  offer:
    gives:
      action: {type: text, values: [personal call, e-mail, automated campaign, loyalty reward, none]}
      discount_percent: number
      channel: {type: text, values: [phone, e-mail, sms, none]}
    hit policy: first
    rules:
      - id: critical-high-value
        when: {churn_risk: "> 0.80", clv_tier: high}
        then: {action: personal call, discount_percent: 30, channel: phone}
        because: Very likely to leave and among our most valuable customers.
      - id: critical-medium-value
        when: {churn_risk: "> 0.80", clv_tier: medium}
        then: {action: e-mail, discount_percent: 20, channel: e-mail}
        because: Very likely to leave, of medium value.
      - id: critical-low-value
        when: {churn_risk: "> 0.80", clv_tier: low}
        then: {action: e-mail, discount_percent: 10, channel: e-mail}
        because: Very likely to leave, of low value.
      - id: elevated-risk
        when: {churn_risk: "[0.50..0.80]"}
        then: {action: automated campaign, discount_percent: 0, channel: e-mail}
        because: The risk of leaving is raised.
      - id: loyal-high-value
        when: {churn_risk: "< 0.50", clv_tier: high}
        then: {action: loyalty reward, discount_percent: 0, channel: e-mail}
        because: Likely to stay and valuable, so we say thank you.

otherwise: {action: none, discount_percent: 0, channel: none}
limits: {cooldown: 30 days, at most: 3 per 90 days}

examples:
  - given: {churn_risk: 0.85, clv_tier: high, offers_last_90_days: 0}
    expect: {offer.action: personal call, offer.discount_percent: 30, offer.channel: phone}
  - given: {churn_risk: 0.85, clv_tier: medium, offers_last_90_days: 0}
    expect: {offer.action: e-mail, offer.discount_percent: 20}
  - given: {churn_risk: 0.8001, clv_tier: low, offers_last_90_days: 0}
    expect: {offer.action: e-mail, offer.discount_percent: 10}
  - given: {churn_risk: 0.80, clv_tier: high, offers_last_90_days: 2}
    expect: {offer.action: automated campaign, fired: [elevated-risk]}
  - given: {churn_risk: 0.50, clv_tier: low, offers_last_90_days: 0}
    expect: {offer.action: automated campaign}
  - given: {churn_risk: 0.4999, clv_tier: high, offers_last_90_days: 0}
    expect: {offer.action: loyalty reward}
  - given: {churn_risk: 0.10, clv_tier: medium, offers_last_90_days: 0}
    expect: {offer.action: none, fired: []}
  - given: {churn_risk: 0.95, clv_tier: high, last_offer_on: 2026-03-01, offers_last_90_days: 1}
    at: 2026-03-30
    expect: {offer.action: none, fired: [cooldown]}
  - given: {churn_risk: 0.95, clv_tier: high, last_offer_on: 2026-03-01, offers_last_90_days: 1}
    at: 2026-03-31
    expect: {offer.action: personal call, fired: [critical-high-value]}
  - given: {churn_risk: 0.95, clv_tier: high, offers_last_90_days: 3}
    expect: {offer.action: none, fired: [at-most]}
' AS BLOB));
INSERT INTO document VALUES ('sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07', 'policy', 'contact-compliance', 1, CAST('policy: contact-compliance
version: 1
kind: compliance
effective: 2026-01-01
owner: legal
purpose: Whether we may contact this customer for marketing now.
notice: Example content, not legal advice. A lawyer must check every rule before anybody relies on it.

rules:
  - id: eu-gdpr-21-objection
    status: in force
    where: offer.channel != "none" and jurisdiction = "EU"
    source: GDPR (EU) 2016/679, Article 21(2) and (3)
    checked on: 2026-11-20
    permits when: not(marketing_objection)
    because: An objection to direct marketing is absolute, covers related profiling and beats any campaign.
  - id: house-vulnerable-customer
    status: in force
    where: offer.channel != "none"
    source: House rule
    checked on: 2026-11-20
    applies when: vulnerable_customer
    otherwise: review
    because: A person looks at every offer to a vulnerable customer.
  - id: in-trai-header
    status: in force
    where: offer.channel = "sms" or offer.channel = "phone"
    source: House rule
    checked on: 2026-11-20
    applies when: jurisdiction = "IN"
    requires: {disclose: This is a service call from your provider.}
    because: A call says who calls.

examples:
  - given:
      {offer: {action: none, discount_percent: 0, channel: none}, jurisdiction: IN, marketing_objection: false,
       vulnerable_customer: false}
    expect: {verdict: permit, fired: []}
' AS BLOB));
INSERT INTO entry VALUES (1, '01a1fc9e-12f8-7523-a5b2-194d0b04039b', '2026-11-21T02:10:05.123456+00:00', 'decision', 'plan-advice', 'Zoë Ångström 😀', X'0000000000000000000000000000000000000000000000000000000000000000', X'ff791118252c8490eb05f40073ba0a8be7c7b84ecafc060c286ffe18ab53170b', CAST('{"at":"2026-11-21T07:40:05.123456+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"plan_gb":{"source":"request","value":"100"},"usage_gb":{"source":"request","value":"95"}},"id":"01a1fc9e-12f8-7523-a5b2-194d0b04039b","kind":"decision","models":[],"obligations":[],"outcome":{"advice":{"action":"plan up","say":"The next plan up fits your usage better."}},"policies":[{"digest":"sha256:eedd66d50e0c052982c8b761a8d6dc9bacdbdf82241031e0faf2200142df8cfa","policy":"plan-advice","version":1}],"reasons":[{"because":"Usage as a share of what the plan includes.","decision":"used_percent","policy":"plan-advice@1"},{"because":"More than 90 percent of the plan is used.","policy":"plan-advice@1","rule":"nearly-full"}],"service":"plan-advice","subject":"Zoë Ångström 😀","tenant":"demo","time":"2026-11-21T02:10:05.123456+00:00","trace":[{"decision":"used_percent","gives":"95.00","policy":"plan-advice@1","reads":["usage_gb","plan_gb"]},{"decision":"advice","fired":["nearly-full"],"gives":{"action":"plan up","say":"The next plan up fits your usage better."},"hit_policy":"unique","looked_at":3,"policy":"plan-advice@1","reads":["used_percent"],"rules":3}],"v":1,"verdict":null}' AS BLOB));
INSERT INTO entry VALUES (2, '01a1fc9e-12fd-7449-bdfe-7193acd5a424', '2026-11-21T02:11:05.123457+00:00', 'decision', 'retention', 'C-20417-Marlow', X'ff791118252c8490eb05f40073ba0a8be7c7b84ecafc060c286ffe18ab53170b', X'7d03290551bb8f80e9ddec4113270585ba9fbb468470688b91a56c13a81c3117', CAST('{"at":"2026-11-21T07:41:05.123457+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"request","value":"0.8513"},"clv_tier":{"source":"request","value":"high"},"jurisdiction":{"source":"request","value":"IN"},"last_offer_on":{"source":"missing","value":null},"marketing_objection":{"source":"request","value":false},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":false}},"id":"01a1fc9e-12fd-7449-bdfe-7193acd5a424","kind":"decision","models":[],"obligations":[{"disclose":"This is a service call from your provider.","policy":"contact-compliance@1","rule":"in-trai-header"}],"outcome":{"offer":{"action":"personal call","channel":"phone","discount_percent":"30"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"Very likely to leave and among our most valuable customers.","policy":"retention-offer@1","rule":"critical-high-value"},{"because":"A call says who calls.","policy":"contact-compliance@1","rule":"in-trai-header","source":"House rule (checked 2026-11-20)","verdict":"permit"}],"service":"retention","subject":"C-20417-Marlow","tenant":"demo","time":"2026-11-21T02:11:05.123457+00:00","trace":[{"decision":"offer","fired":["critical-high-value"],"gives":{"action":"personal call","channel":"phone","discount_percent":"30"},"hit_policy":"first","looked_at":3,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":["in-trai-header"],"gives":[{"verdict":"permit"}],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"permit","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"permit"}' AS BLOB));
INSERT INTO entry VALUES (3, '01a1fc9e-12ff-71d3-ac22-c753d9fd3fcc', '2026-11-21T02:12:05.123458+00:00', 'decision', 'retention', 'C-20418-Okafor', X'7d03290551bb8f80e9ddec4113270585ba9fbb468470688b91a56c13a81c3117', X'96c200768e8cbaaacd9402d51484c958575228e4fcb615bd83cdec3489615153', CAST('{"at":"2026-11-21T07:42:05.123458+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"churn@1","value":"0.9915"},"clv_tier":{"source":"request","value":"high"},"jurisdiction":{"source":"request","value":"IN"},"last_offer_on":{"source":"missing","value":null},"marketing_objection":{"source":"request","value":false},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":false}},"id":"01a1fc9e-12ff-71d3-ac22-c753d9fd3fcc","kind":"decision","models":[{"digest":"sha256:c493c1fcb1f2a337c94d9fba8474874118ffd427063ad12ca930ba39f77fc38b","fact":"churn_risk","inputs":{"contract_months":"7","days_since_login":"23","payment_failures":"2","tickets":"4","usage_decline_percent":"61.25","usage_gb":"12.5"},"model":"churn","reasons":[{"contribution":"2.1791","feature":"usage_decline_percent","value":"61.25"},{"contribution":"1.3200","feature":"tickets","value":"4"},{"contribution":"1.2001","feature":"payment_failures","value":"2"},{"contribution":"0.8573","feature":"days_since_login","value":"23"},{"contribution":"0.5951","feature":"contract_months","value":"7"}],"score":"0.9915099761981145","version":"1"}],"obligations":[{"disclose":"This is a service call from your provider.","policy":"contact-compliance@1","rule":"in-trai-header"}],"outcome":{"offer":{"action":"personal call","channel":"phone","discount_percent":"30"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"Very likely to leave and among our most valuable customers.","policy":"retention-offer@1","rule":"critical-high-value"},{"because":"A call says who calls.","policy":"contact-compliance@1","rule":"in-trai-header","source":"House rule (checked 2026-11-20)","verdict":"permit"}],"service":"retention","subject":"C-20418-Okafor","tenant":"demo","time":"2026-11-21T02:12:05.123458+00:00","trace":[{"decision":"offer","fired":["critical-high-value"],"gives":{"action":"personal call","channel":"phone","discount_percent":"30"},"hit_policy":"first","looked_at":3,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":["in-trai-header"],"gives":[{"verdict":"permit"}],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"permit","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"permit"}' AS BLOB));
INSERT INTO entry VALUES (4, '01a1fc9e-1300-728b-8edd-daab3000d28e', '2026-11-21T02:13:05.123459+00:00', 'decision', 'retention', 'C-20417-Marlow', X'96c200768e8cbaaacd9402d51484c958575228e4fcb615bd83cdec3489615153', X'28ca8c51331cc6a65136dc327b168a297080c40916c6d29c383af0248fbbfd2d', CAST('{"at":"2026-11-20T09:30:00+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"request","value":"0.9127"},"clv_tier":{"source":"request","value":"high"},"jurisdiction":{"source":"request","value":"IN"},"last_offer_on":{"source":"request","value":"2026-11-02"},"marketing_objection":{"source":"request","value":false},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":false}},"id":"01a1fc9e-1300-728b-8edd-daab3000d28e","kind":"decision","models":[],"obligations":[],"outcome":{"offer":{"action":"none","channel":"none","discount_percent":"0"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"The last one was less than 30 days ago.","policy":"retention-offer@1","rule":"cooldown"}],"service":"retention","subject":"C-20417-Marlow","tenant":"demo","time":"2026-11-21T02:13:05.123459+00:00","trace":[{"decision":"offer","fired":["cooldown"],"gives":{"action":"none","channel":"none","discount_percent":"0"},"hit_policy":"first","looked_at":1,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":[],"gives":[],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"permit","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"permit"}' AS BLOB));
INSERT INTO entry VALUES (5, '01a1fc9e-1300-728b-8edd-daac57757bc4', '2026-11-21T02:14:05.123460+00:00', 'decision', 'retention', 'C-20419-Lindqvist', X'28ca8c51331cc6a65136dc327b168a297080c40916c6d29c383af0248fbbfd2d', X'6797fb30e031d68b8a99428c226ef9ed296f8670762bfe79860eb37871768ec3', CAST('{"at":"2026-11-21T07:44:05.123460+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"request","value":"0.8642"},"clv_tier":{"source":"request","value":"high"},"jurisdiction":{"source":"request","value":"EU"},"last_offer_on":{"source":"missing","value":null},"marketing_objection":{"source":"request","value":true},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":false}},"id":"01a1fc9e-1300-728b-8edd-daac57757bc4","kind":"decision","models":[],"obligations":[],"outcome":{"offer":{"action":"personal call","channel":"phone","discount_percent":"30"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"Very likely to leave and among our most valuable customers.","policy":"retention-offer@1","rule":"critical-high-value"},{"because":"An objection to direct marketing is absolute, covers related profiling and beats any campaign.","policy":"contact-compliance@1","rule":"eu-gdpr-21-objection","source":"GDPR (EU) 2016/679, Article 21(2) and (3) (checked 2026-11-20)","verdict":"deny"}],"service":"retention","subject":"C-20419-Lindqvist","tenant":"demo","time":"2026-11-21T02:14:05.123460+00:00","trace":[{"decision":"offer","fired":["critical-high-value"],"gives":{"action":"personal call","channel":"phone","discount_percent":"30"},"hit_policy":"first","looked_at":3,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":["eu-gdpr-21-objection"],"gives":[{"verdict":"deny"}],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"deny","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"deny"}' AS BLOB));
INSERT INTO entry VALUES (6, '01a1fc9e-1301-77f5-a429-731598969247', '2026-11-21T02:15:05.123461+00:00', 'decision', 'retention', 'C-20420-Haddad', X'6797fb30e031d68b8a99428c226ef9ed296f8670762bfe79860eb37871768ec3', X'94d19acd9bb4d4612ba5aaed1b206dba1de84b198535bf0eae23ade1a1322593', CAST('{"at":"2026-11-21T07:45:05.123461+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"request","value":"0.6071"},"clv_tier":{"source":"request","value":"high"},"jurisdiction":{"source":"request","value":"IN"},"last_offer_on":{"source":"missing","value":null},"marketing_objection":{"source":"request","value":false},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":true}},"id":"01a1fc9e-1301-77f5-a429-731598969247","kind":"decision","models":[],"obligations":[],"outcome":{"offer":{"action":"automated campaign","channel":"e-mail","discount_percent":"0"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"The risk of leaving is raised.","policy":"retention-offer@1","rule":"elevated-risk"},{"because":"A person looks at every offer to a vulnerable customer.","policy":"contact-compliance@1","rule":"house-vulnerable-customer","source":"House rule (checked 2026-11-20)","verdict":"review"}],"service":"retention","subject":"C-20420-Haddad","tenant":"demo","time":"2026-11-21T02:15:05.123461+00:00","trace":[{"decision":"offer","fired":["elevated-risk"],"gives":{"action":"automated campaign","channel":"e-mail","discount_percent":"0"},"hit_policy":"first","looked_at":6,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":["house-vulnerable-customer"],"gives":[{"verdict":"review"}],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"review","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"review"}' AS BLOB));
INSERT INTO entry VALUES (7, '01a1fc9e-1301-77f5-a429-7316970523ef', '2026-11-21T02:16:05.123462+00:00', 'decision', 'plan-advice', 'C-20420-Haddad', X'94d19acd9bb4d4612ba5aaed1b206dba1de84b198535bf0eae23ade1a1322593', X'5079b4cbf70ff14cfc0e9c42f113ac44742e42f3083281b498dc5c59efb3a147', CAST('{"at":"2026-03-01T05:30:00+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"plan_gb":{"source":"request","value":"100"},"usage_gb":{"source":"request","value":"61.803"}},"id":"01a1fc9e-1301-77f5-a429-7316970523ef","kind":"decision","models":[],"obligations":[],"outcome":{"advice":{"action":"add-on","say":"You use 61.80 percent; an add-on covers the peaks."}},"policies":[{"digest":"sha256:eedd66d50e0c052982c8b761a8d6dc9bacdbdf82241031e0faf2200142df8cfa","policy":"plan-advice","version":1}],"reasons":[{"because":"Usage as a share of what the plan includes.","decision":"used_percent","policy":"plan-advice@1"},{"because":"The plan fits.","policy":"plan-advice@1","rule":"in-between"}],"service":"plan-advice","subject":"C-20420-Haddad","tenant":"demo","time":"2026-11-21T02:16:05.123462+00:00","trace":[{"decision":"used_percent","gives":"61.80","policy":"plan-advice@1","reads":["usage_gb","plan_gb"]},{"decision":"advice","fired":["in-between"],"gives":{"action":"add-on","say":"You use 61.80 percent; an add-on covers the peaks."},"hit_policy":"unique","looked_at":3,"policy":"plan-advice@1","reads":["used_percent"],"rules":3}],"v":1,"verdict":null}' AS BLOB));
INSERT INTO entry VALUES (8, '01a1fc9e-1302-75d9-84ef-cb159be5c7f8', '2026-11-21T02:17:05.123463+00:00', 'decision', 'plan-advice', 'C-20421-O''Neill', X'5079b4cbf70ff14cfc0e9c42f113ac44742e42f3083281b498dc5c59efb3a147', X'0de1ca965362bb12218e8f5153f1f73a8dbf19df471fc4c71ca32289e9232424', CAST('{"at":"2026-11-21T07:47:05.123463+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"plan_gb":{"source":"request","value":"120.50"},"usage_gb":{"source":"request","value":"3"}},"id":"01a1fc9e-1302-75d9-84ef-cb159be5c7f8","kind":"decision","models":[],"obligations":[],"outcome":{"advice":{"action":"plan down","say":"A smaller plan would do."}},"policies":[{"digest":"sha256:eedd66d50e0c052982c8b761a8d6dc9bacdbdf82241031e0faf2200142df8cfa","policy":"plan-advice","version":1}],"reasons":[{"because":"Usage as a share of what the plan includes.","decision":"used_percent","policy":"plan-advice@1"},{"because":"Less than 30 percent of the plan is used.","policy":"plan-advice@1","rule":"mostly-empty"}],"service":"plan-advice","subject":"C-20421-O''Neill","tenant":"demo","time":"2026-11-21T02:17:05.123463+00:00","trace":[{"decision":"used_percent","gives":"2.49","policy":"plan-advice@1","reads":["usage_gb","plan_gb"]},{"decision":"advice","fired":["mostly-empty"],"gives":{"action":"plan down","say":"A smaller plan would do."},"hit_policy":"unique","looked_at":3,"policy":"plan-advice@1","reads":["used_percent"],"rules":3}],"v":1,"verdict":null}' AS BLOB));
INSERT INTO entry VALUES (9, '01a1fc9e-1303-7203-a9ba-d03dcccb2892', '2026-11-21T02:18:05.123464+00:00', 'decision', 'retention', 'C-20418-Okafor', X'0de1ca965362bb12218e8f5153f1f73a8dbf19df471fc4c71ca32289e9232424', X'9fb6afe9c83e33175b2e59e724c969b88cc6199efaef288a2ad6e3b9f16b418c', CAST('{"at":"2026-11-21T07:48:05.123464+05:30","documents":{"services":"sha256:6e09a4d1f7aa83a67fd8901844d9ddd750f4696536009a810b349c1c8a0e1368","vocabulary":"sha256:0c3898ea55c03ed02fe8c4e092e68eeedc882fca957dc3e2223f582f75cbaf47"},"engine":"ordain 0.1.0","facts":{"churn_risk":{"source":"churn@1","value":"0.9915"},"clv_tier":{"source":"request","value":"low"},"jurisdiction":{"source":"request","value":"IN"},"last_offer_on":{"source":"missing","value":null},"marketing_objection":{"source":"request","value":false},"offers_last_90_days":{"source":"request","value":"0"},"vulnerable_customer":{"source":"request","value":false}},"id":"01a1fc9e-1303-7203-a9ba-d03dcccb2892","kind":"decision","models":[{"digest":"sha256:c493c1fcb1f2a337c94d9fba8474874118ffd427063ad12ca930ba39f77fc38b","fact":"churn_risk","inputs":{"contract_months":"7","days_since_login":"23","payment_failures":"2","tickets":"4","usage_decline_percent":"61.25","usage_gb":"12.5"},"model":"churn","reasons":[{"contribution":"2.1791","feature":"usage_decline_percent","value":"61.25"},{"contribution":"1.3200","feature":"tickets","value":"4"},{"contribution":"1.2001","feature":"payment_failures","value":"2"},{"contribution":"0.8573","feature":"days_since_login","value":"23"},{"contribution":"0.5951","feature":"contract_months","value":"7"}],"score":"0.9915099761981145","version":"1"}],"obligations":[],"outcome":{"offer":{"action":"e-mail","channel":"e-mail","discount_percent":"10"}},"policies":[{"digest":"sha256:19546511ba60e08cca54d3b647e155cfe6ccae45a83b6fd1cd0448ba67f77713","policy":"retention-offer","version":1},{"digest":"sha256:c05e13aa06cd60723233f740b899f7f28d764424202c4f26726a2de92ef48e07","policy":"contact-compliance","version":1}],"reasons":[{"because":"Very likely to leave, of low value.","policy":"retention-offer@1","rule":"critical-low-value"}],"service":"retention","subject":"C-20418-Okafor","tenant":"demo","time":"2026-11-21T02:18:05.123464+00:00","trace":[{"decision":"offer","fired":["critical-low-value"],"gives":{"action":"e-mail","channel":"e-mail","discount_percent":"10"},"hit_policy":"first","looked_at":5,"policy":"retention-offer@1","reads":["churn_risk","clv_tier","last_offer_on","offers_last_90_days"],"rules":7},{"decision":"findings","fired":[],"gives":[],"hit_policy":"output order","looked_at":3,"policy":"contact-compliance@1","reads":["offer","jurisdiction","marketing_objection","vulnerable_customer"],"rules":3},{"decision":"verdict","gives":"permit","policy":"contact-compliance@1","reads":["findings"]}],"v":1,"verdict":"permit"}' AS BLOB));
COMMIT;
