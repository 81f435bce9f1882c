/** The process `tandem central`: one JSON line per event on standard output, an orderly end at SIGTERM. */
import { pino } from "pino";
import { Central } from "./central.ts";
import { loadConfiguration } from "./configuration.ts";
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
  const central = await Central.start(configuration, {
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
  });

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

  const { passwordJustMade, firstPasswordFile } = central.access;
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
    unit: central.pair.identity.unit,
    fingerprint: central.pair.identity.fingerprint,
    listen: central.listening,
    peerLink: central.pair.listening,
  });
}
