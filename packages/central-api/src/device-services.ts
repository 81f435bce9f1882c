import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Tag } from "./errors.ts";

const address = Type.String({ minLength: 1, maxLength: 45 });
const port = Type.Integer({ minimum: 1, maximum: 65_535 });
const portOrEvery = Type.Integer({
  minimum: 0,
  maximum: 65_535,
  description: "0: every port; such a service is changed on the device itself",
});
const protocol = Type.Union([Type.Literal("tcp"), Type.Literal("udp")]);
const parameters = Type.Record(
  Type.String({ pattern: "^[A-Za-z0-9_.]{1,64}$" }),
  Type.String({ maxLength: 4_096 }),
  {
    maxProperties: 256,
    description: "parameters of the LoadMaster API by name, as text; what is left out stays as it is",
  },
);

const Server = Type.Object({ address, port, parameters: Type.Optional(parameters) }, closed);
const revision = Type.String({ minLength: 1, maxLength: 128 });

/** A virtual service as it should be: it is added or changed, and its real servers become exactly these. */
export const DeviceServicePut = Type.Object(
  {
    address,
    port,
    protocol,
    parameters: Type.Optional(parameters),
    servers: Type.Array(Server, { maxItems: 1_024 }),
    basedOn: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description:
          "the revision that was read with the list; a device that has moved on since refuses the change with the difference",
      }),
    ),
  },
  closed,
);
export type DeviceServicePut = Static<typeof DeviceServicePut>;

export const DeviceService = Type.Object({
  service: Type.String({ description: "protocol, address and port, such as `tcp 192.0.2.10 80`" }),
  address,
  port: portOrEvery,
  protocol,
  name: Type.String(),
  status: Type.String({ description: "as the device says, such as Up" }),
  servers: Type.Array(Type.Object({ address, port: portOrEvery, status: Type.String() })),
  managed: Type.Boolean({ description: "was last changed through Central" }),
  tag: Type.Union([Tag, Type.Null()]),
});
export type DeviceService = Static<typeof DeviceService>;

export const DeviceServiceList = Type.Object({
  revision: Type.Union([revision, Type.Null()], {
    description: "of the device's configuration; null: the device has none",
  }),
  services: Type.Array(DeviceService),
});
export type DeviceServiceList = Static<typeof DeviceServiceList>;

export const DeviceServiceWritten = Type.Object({
  service: Type.String(),
  revision: Type.Union([revision, Type.Null()]),
  commands: Type.Integer({ minimum: 0, description: "how many commands the device carried out" }),
  acknowledged: Acknowledged,
});
export type DeviceServiceWritten = Static<typeof DeviceServiceWritten>;

/** `service` stands in the path URL-encoded. */
export const DeviceServiceParams = Type.Object(
  { id: Type.String({ maxLength: 64 }), service: Type.String({ minLength: 1, maxLength: 64 }) },
  closed,
);
export const DeviceServiceRemoval = Type.Object({ basedOn: Type.Optional(revision) }, closed);
