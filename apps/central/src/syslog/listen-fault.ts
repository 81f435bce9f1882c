/** Why a socket could not be had, and what to do about it, in words. */
export function listenFault(protocol: string, address: string, port: number, error: Error): string {
  const where = `${protocol} ${address}:${port}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return `${where} is in use by another program: stop that one, or give another syslog/port in the configuration file`;
    case "EACCES":
      return `${where} may not be used by this user: give a syslog/port above 1023 in the configuration file, or the process the capability CAP_NET_BIND_SERVICE`;
    case "EADDRNOTAVAIL":
      return `${address} is no address of this machine: correct syslog/address in the configuration file`;
    default:
      return `${where} cannot be listened on: ${error.message}`;
  }
}
