/** Models for tests and goldens, here and in the packages that drive HAProxy. */
import type {
  CheckTiming,
  ProcessSettings,
  ProxyModel,
  RealServer,
  SubService,
  VirtualService,
} from "./model.ts";

export const exampleProcess: ProcessSettings = {
  runtimeSocket: "/var/lib/tandem/loadmaster/haproxy/runtime.sock",
  filesDirectory: "/var/lib/tandem/loadmaster/haproxy/files",
  maxConnections: 9_000,
  hardStopSeconds: 60,
  runAs: { user: "haproxy", group: "haproxy" },
};

export const exampleTiming: CheckTiming = { intervalSeconds: 9, timeoutSeconds: 4, retries: 2 };

export const exampleServer = (index: number, changes: Partial<RealServer> = {}): RealServer => ({
  index,
  address: `10.213.0.${30 + index}`,
  port: 80,
  weight: 1_000,
  connectionLimit: 0,
  enabled: true,
  ...changes,
});

export const exampleService = (index: number, changes: Partial<VirtualService> = {}): VirtualService => ({
  index,
  address: "10.213.0.20",
  port: 79 + index,
  mode: "http",
  enabled: true,
  schedule: "rr",
  idleSeconds: 660,
  header: { forwardedFor: true, clientSide: false, via: false },
  check: { kind: "tcp", timing: exampleTiming },
  servers: [exampleServer(1), exampleServer(2), exampleServer(3)],
  ...changes,
});

export function exampleSubService(index: number, changes: Partial<SubService> = {}): SubService {
  const { port: _port, ...service } = exampleService(index);
  return {
    ...service,
    header: { forwardedFor: false, clientSide: false, via: false },
    servers: [exampleServer(index)],
    weight: 1_000,
    ...changes,
  };
}

/** The example with a pair's peers. */
export const examplePeers = {
  own: { name: "ha1-0011223344556677", address: "10.213.0.21", port: 6975 },
  partner: { name: "ha2-8899aabbccddeeff", address: "10.213.0.22", port: 6975 },
};

export const exampleModel = (services: readonly VirtualService[]): ProxyModel => ({
  process: exampleProcess,
  services,
});
