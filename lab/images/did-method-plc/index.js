"use strict";
// Starts the PLC directory on PostgreSQL, once its tables are up to date.
const { Database, PlcServer } = require("@did-plc/server");

function addressOf({ username, password, host, port = "5432", database }) {
  const address = new URL(`postgresql://${host}:${port}/${database}`);
  address.username = username;
  address.password = encodeURIComponent(password);
  return address.href;
}

async function start() {
  const environment = process.env;
  if (environment.ENABLE_MIGRATIONS === "true") {
    const migrating = Database.postgres({ url: addressOf(JSON.parse(environment.DB_MIGRATE_CREDS_JSON)) });
    await migrating.migrateToLatestOrThrow();
    await migrating.close();
  }
  const db = Database.postgres({ url: addressOf(JSON.parse(environment.DB_CREDS_JSON)) });
  const directory = PlcServer.create({ db, port: Number(environment.PORT) });
  process.on("SIGTERM", () => directory.destroy());
  await directory.start();
}

start().catch((error) => {
  console.error(error);
  process.exit(1);
});
