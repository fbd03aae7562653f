"use strict";
// Starts the PDS with the settings of its environment. It also answers /tls-check, by which a web
// server in front learns whether it should get a certificate for a name.
const { PDS, envToCfg, envToSecrets, httpLogger, readEnv } = require("@atproto/pds");
const { version } = require("@atproto/pds/package.json");

async function statusOf(context, domain) {
  if (typeof domain !== "string" || domain === "") return 400;
  if (domain === context.cfg.service.hostname) return 200;
  const served = context.cfg.identity.serviceHandleDomains;
  if (!served.some((end) => domain.endsWith(end))) return 400;
  return (await context.accountManager.getAccount(domain)) ? 200 : 404;
}

async function start() {
  const settings = readEnv();
  settings.version = settings.version || version;
  const pds = await PDS.create(envToCfg(settings), envToSecrets(settings));
  process.on("SIGTERM", () => {
    httpLogger.info("the PDS is told to end");
    pds.destroy().then(() => httpLogger.info("the PDS has ended"));
  });
  await pds.start();
  pds.app.get("/tls-check", (request, response, next) => {
    statusOf(pds.ctx, request.query.domain)
      .then((status) => response.status(status).json({ success: status === 200 }))
      .catch(next);
  });
  httpLogger.info("the PDS has started");
}

start().catch((error) => {
  httpLogger.fatal({ err: error }, "the PDS did not start");
  process.exit(1);
});
