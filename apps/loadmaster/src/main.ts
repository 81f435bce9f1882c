/** `tandem loadmaster --config FILE`: one LoadMaster unit, until SIGTERM or SIGINT ends it in an orderly way. */
import { pino } from "pino";
import { assemble } from "./assemble.ts";
import { readUnitConfiguration } from "./configuration-file.ts";
import { CarpdClient } from "./ha/carpd-client.ts";
import { type Restart, rebootExitCode } from "./reboot.ts";
import type { Log } from "./unit.ts";

/** Rejects with words for the operator when the unit cannot start. Resolves when it serves; a signal ends the process. */
export async function runLoadMaster(configPath: string): Promise<void> {
  const configuration = await readUnitConfiguration(configPath);
  if (!configuration.ok) throw new Error(`${configuration.error.message}; ${configuration.error.remedy}`);
  const { name, stateDir, interfaces, apiPort } = configuration.value;
  const logger = pino({
    base: { unit: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: "message",
  });
  const ownLog: Log = (level, event, details) => logger[level]({ event, ...details });
  const carp = new CarpdClient({ stateDir, configPath, log: ownLog });
  let restart: Restart = () => {};
  const assembled = await assemble(configuration.value, {
    carp,
    log: ownLog,
    restart: (afterwards) => restart(afterwards),
  });
  if (!assembled.ok) throw new Error(`${assembled.error.message}; ${assembled.error.remedy}`);
  const { unit, api, firstPassword, log, start, stop } = assembled.value;

  let stopping = false;
  const end = async (reason: NodeJS.Signals | "reboot" | "shutdown", exitCode: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log("info", "stopping", { reason });
    try {
      await stop();
      process.exitCode = exitCode;
    } catch (error) {
      log("error", "stop-failed", { reason: (error as Error).message });
      process.exitCode = 1;
    }
    logger.flush();
    process.exit();
  };
  restart = (afterwards) =>
    void (afterwards === "stays down" ? end("shutdown", 0) : end("reboot", rebootExitCode));
  process.on("SIGTERM", (signal) => void end(signal, 0));
  process.on("SIGINT", (signal) => void end(signal, 0));

  if (firstPassword !== undefined) {
    log("info", "first-password", { user: "bal", file: firstPassword.path });
    if (process.stdout.isTTY)
      process.stdout.write(`The first password of the user bal is ${firstPassword.password}\n`);
  }
  await start();
  if (api.addresses.length === 0) {
    const asked = interfaces.map((each) => `${each.address}:${apiPort}`).join(", ");
    const reason = unit.haProblems.join("; ");
    await stop();
    throw new Error(
      `the API cannot listen on ${asked}: ${reason}; look at the addresses of the configuration file`,
    );
  }
  log("info", "ready", {
    addresses: api.addresses,
    port: apiPort,
    ha: unit.haStatus,
    serial: unit.identity.unit,
  });
}
