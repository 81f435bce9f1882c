/** The process `tandem central`: one JSON line per event on standard output, an orderly end at SIGTERM. */
import { join } from "node:path";
import { second } from "@tandem/base/time";
import { DatabaseUnusable } from "@tandem/storage/database";
import { SecretUnreadable } from "@tandem/storage/secret-box";
import { type Logger, pino } from "pino";
import type { Central } from "./central.ts";
import { loadConfiguration } from "./configuration.ts";
import { realWorld } from "./real-world.ts";
import { recover } from "./recover.ts";
import { ResumingCentral } from "./resuming-central.ts";
import { StateUnreadable } from "./state-unreadable.ts";
import { centralVersion } from "./version.ts";

/** How long an orderly end may take before the process ends anyway. */
const stopMaxMs = 8_000;

/** Serves until it is told to stop. Rejects when it cannot start; the exit code says how it ended. */
export async function runCentral(configPath: string): Promise<void> {
  const configuration = loadConfiguration(configPath);
  const log = pino({
    base: { central: configuration.name },
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  const starting = ResumingCentral.start(configuration, {
    world: realWorld,
    onFatal: (error) => {
      log.fatal({ event: "fatal", error: error.stack }, error.message);
      log.flush();
      process.exit(1);
    },
    onEvent: ({ severity, code, message, unitName }) => {
      const entry = { event: "ha", code, unit: unitName };
      if (severity === "error") log.error(entry, message);
      else if (severity === "warning") log.warn(entry, message);
      else log.info(entry, message);
    },
    onCall: ({ route, request, author }) =>
      log.info(
        { event: "call", method: route.method, path: request.url, author, from: request.ip },
        route.summary,
      ),
    onDenied: (entry) => log.warn({ event: "denied", ...entry }),
    onFault: (error) => log.error({ event: "fault", error: error.stack }, error.message),
    onTrouble: ({ code, cause, remedy }, againInMs) =>
      log.error(
        { event: "disk", code, againInSeconds: againInMs / second },
        `${cause}; this unit has let go of its peer and stands still: ${remedy}`,
      ),
    onServing: (central) => sayReady(central, log),
  });
  const central = await starting.catch((error) => Promise.reject(forOperator(error, configPath)));

  const stop = (signal: NodeJS.Signals): void => {
    log.info({ event: "stopping", signal });
    setTimeout(() => process.exit(1), stopMaxMs).unref();
    central.stop().then(
      () => {
        log.info({ event: "stopped" });
        process.exitCode = 0;
      },
      (error: Error) => {
        log.error({ event: "fault", error: error.stack }, error.message);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function sayReady({ access, pair, listening }: Central, log: Logger): void {
  const { passwordJustMade, firstPasswordFile } = access;
  if (firstPasswordFile !== undefined)
    log.info(
      { event: "first-password", file: firstPasswordFile },
      "the first password of user admin stands in this file until it is used",
    );
  // Only to somebody's eyes: standard output that goes into a log must hold no password.
  if (passwordJustMade !== undefined && process.stdout.isTTY)
    process.stderr.write(`first password of user admin: ${passwordJustMade}\n`);
  log.info({
    event: "ready",
    version: centralVersion,
    unit: pair.identity.unit,
    fingerprint: pair.identity.fingerprint,
    listen: listening,
    peerLink: pair.listening,
  });
}

/** What no new start can mend gets the exit code that keeps the service manager from trying, and the way out. */
function forOperator(error: unknown, configPath: string): unknown {
  const isForOperator =
    error instanceof StateUnreadable ||
    error instanceof SecretUnreadable ||
    (error instanceof DatabaseUnusable && error.fault !== "in-use");
  if (!isForOperator) return error;
  const way = `or, to set what is unreadable aside and begin as a blank unit that its peer overwrites: tandem central recover --config ${configPath}`;
  return new StateUnreadable(`${error.message}; ${way}`);
}

/** Sets unreadable state aside, with the process stopped; says what, why, and what comes next. */
export async function recoverCentral(configPath: string): Promise<void> {
  const { stateDir } = loadConfiguration(configPath);
  const aside = recover(stateDir, new Date());
  for (const { file, why, now } of aside)
    process.stdout.write(`${join(stateDir, file)} cannot be read (${why}): it is kept as ${now}\n`);
  process.stdout.write(
    aside.length === 0
      ? `everything in ${stateDir} can be read; nothing was changed\n`
      : "Start the unit again. In a pair it takes over its peer's configuration; HA Status says what it waits for\n" +
          "(a network on each unit, SPEC CH10: add any). Without a peer it begins anew, or restore a backup first.\n",
  );
}
