/** Whether a program of this machine could listen on an address and port now. */
import { createServer } from "node:net";
import { isIpv6, socketText } from "@tandem/base/ipv6";
import { err, type FieldError, ok, type Result } from "@tandem/base/result";

/** The error is told as one of virtual service `index`. */
export function listenable(address: string, port: number, index: number): Promise<Result<void, FieldError>> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", ({ code, message }: NodeJS.ErrnoException) =>
      resolve(err(cannotListen(socketText(address, port), reasons.get(code ?? "") ?? message, index))),
    );
    server.listen({ host: address, port, exclusive: true, ipv6Only: isIpv6(address) }, () =>
      server.close(() => resolve(ok(undefined))),
    );
  });
}

/** As HAProxy says it. */
const reasons: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "Address already in use"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
  ["EACCES", "Permission denied"],
]);

export const cannotListen = (
  where: string,
  reason: string,
  index: number | string | undefined,
): FieldError => ({
  code: "proxy-bind-failed",
  field: index === undefined ? "vs" : `vs ${index}`,
  value: where,
  message: `virtual service${index === undefined ? "" : ` ${index}`} cannot listen on ${where}: ${reason}`,
  remedy: "choose another address or port, or stop the program that uses it",
});
