/**
 * Every route of Central's API in one table: the server registers from it, the clients call by it, and OpenAPI is
 * made from it. Nothing here or in the schemas imports a `node:` module, so the web application uses the same table.
 */
import type { Static, TSchema } from "@tandem/base/schema";
import { About } from "./about.ts";
import { ApiKeyList, ApiKeyMade, ApiKeyNew, ApiKeyParams, ApiKeyRemoved } from "./api-keys.ts";
import {
  DeviceServiceList,
  DeviceServiceParams,
  DeviceServicePut,
  DeviceServiceRemoval,
  DeviceServiceWritten,
} from "./device-services.ts";
import {
  DeviceChange,
  DeviceList,
  DeviceNew,
  DeviceParams,
  DeviceRemoved,
  DeviceWritten,
} from "./devices.ts";
import { drillRoutes } from "./drill-routes.ts";
import { HaAnswer, HaApply, HaEvents, HaEventsQuery } from "./ha.ts";
import {
  HaGroup,
  HaGroupChange,
  HaGroupList,
  HaGroupNew,
  HaGroupParams,
  HaGroupRemoved,
  HaGroupWritten,
} from "./ha-groups.ts";
import { haRoutes } from "./ha-routes.ts";
import { licensingRoutes } from "./licensing-routes.ts";
import { logRoutes } from "./logs.ts";
import { meteringRoutes } from "./metering-routes.ts";
import {
  NetworkChange,
  NetworkList,
  NetworkNew,
  NetworkParams,
  NetworkRemoved,
  NetworkWritten,
} from "./networks.ts";
import { ownLicenceRoutes } from "./own-licence-routes.ts";
import { repositoryRoutes } from "./repository-routes.ts";
import {
  RunList,
  RunsBegun,
  RunsQuery,
  ScheduledActionChange,
  ScheduledActionList,
  ScheduledActionNew,
  ScheduledActionParams,
  ScheduledActionRemoved,
  ScheduledActionWritten,
} from "./schedule.ts";
import { PasswordChange, PasswordChanged, SessionAnswer, SignedOut, SignIn } from "./session.ts";
import { statisticsRoutes } from "./statistics-routes.ts";
import { synchronisedRoutes } from "./synchronised-routes.ts";
import { Tree } from "./tree.ts";

export const apiPrefix = "/api/v1";
export const csrfHeader = "x-tandem-csrf";
/**
 * The cookie's name begins so and ends with the unit's id: browsers keep cookies by host name alone, and two
 * Centrals reached through one host (forwarded ports, say) must not end each other's sessions.
 */
export const sessionCookiePrefix = "tandem_session_";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** `open` needs no sign-in; `user` needs a session or an API key. */
export type Access = "open" | "user";

export type Route = {
  readonly method: Method;
  /** Below {@link apiPrefix}; `:name` is a parameter, URL-encoded when called. */
  readonly path: string;
  readonly access: Access;
  readonly tags: readonly string[];
  readonly summary: string;
  /** Of a successful answer. */
  readonly status: 200 | 201;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly answer: TSchema;
  /** True when the call takes `If-Match` with the row's tag. */
  readonly matches?: true;
  /** The body is a file, `application/octet-stream`, and not JSON. */
  readonly accepts?: "bytes";
  /** A successful answer is a file; `answer` is `FileContent`. */
  readonly answers?: "bytes";
};

const route = <const R extends Route>(r: R): R => r;

export const routes = {
  signIn: route({
    method: "POST",
    path: "/session",
    access: "open",
    tags: ["access"],
    summary: "Sign in; sets the session cookie",
    status: 201,
    body: SignIn,
    answer: SessionAnswer,
  }),
  whoAmI: route({
    method: "GET",
    path: "/session",
    access: "user",
    tags: ["access"],
    summary: "Who is signed in",
    status: 200,
    answer: SessionAnswer,
  }),
  signOut: route({
    method: "DELETE",
    path: "/session",
    access: "user",
    tags: ["access"],
    summary: "Sign out",
    status: 200,
    answer: SignedOut,
  }),
  changePassword: route({
    method: "PUT",
    path: "/session/password",
    access: "user",
    tags: ["access"],
    summary: "Change one's own password",
    status: 200,
    body: PasswordChange,
    answer: PasswordChanged,
  }),

  listApiKeys: route({
    method: "GET",
    path: "/api-keys",
    access: "user",
    tags: ["access"],
    summary: "List API keys",
    status: 200,
    answer: ApiKeyList,
  }),
  makeApiKey: route({
    method: "POST",
    path: "/api-keys",
    access: "user",
    tags: ["access"],
    summary: "Make an API key; its text is shown this once",
    status: 201,
    body: ApiKeyNew,
    answer: ApiKeyMade,
  }),
  removeApiKey: route({
    method: "DELETE",
    path: "/api-keys/:id",
    access: "user",
    tags: ["access"],
    summary: "Remove an API key",
    status: 200,
    params: ApiKeyParams,
    answer: ApiKeyRemoved,
  }),

  about: route({
    method: "GET",
    path: "/about",
    access: "open",
    tags: ["about"],
    summary: "Which Central this is",
    status: 200,
    answer: About,
  }),

  listNetworks: route({
    method: "GET",
    path: "/networks",
    access: "user",
    tags: ["fleet"],
    summary: "List networks",
    status: 200,
    answer: NetworkList,
  }),
  addNetwork: route({
    method: "POST",
    path: "/networks",
    access: "user",
    tags: ["fleet"],
    summary: "Add a network",
    status: 201,
    body: NetworkNew,
    answer: NetworkWritten,
  }),
  changeNetwork: route({
    method: "PATCH",
    path: "/networks/:cidr",
    access: "user",
    tags: ["fleet"],
    summary: "Change a network's name or description",
    status: 200,
    params: NetworkParams,
    body: NetworkChange,
    answer: NetworkWritten,
    matches: true,
  }),
  removeNetwork: route({
    method: "DELETE",
    path: "/networks/:cidr",
    access: "user",
    tags: ["fleet"],
    summary: "Remove a network",
    status: 200,
    params: NetworkParams,
    answer: NetworkRemoved,
    matches: true,
  }),
  tree: route({
    method: "GET",
    path: "/tree",
    access: "user",
    tags: ["fleet"],
    summary: "The network tree with its devices",
    status: 200,
    answer: Tree,
  }),

  listDevices: route({
    method: "GET",
    path: "/devices",
    access: "user",
    tags: ["fleet"],
    summary: "List devices with their status",
    status: 200,
    answer: DeviceList,
  }),
  addDevice: route({
    method: "POST",
    path: "/devices",
    access: "user",
    tags: ["fleet"],
    summary: "Contact a device and add it",
    status: 201,
    body: DeviceNew,
    answer: DeviceWritten,
  }),
  changeDevice: route({
    method: "PATCH",
    path: "/devices/:id",
    access: "user",
    tags: ["fleet"],
    summary: "Change a device",
    status: 200,
    params: DeviceParams,
    body: DeviceChange,
    answer: DeviceWritten,
    matches: true,
  }),
  removeDevice: route({
    method: "DELETE",
    path: "/devices/:id",
    access: "user",
    tags: ["fleet"],
    summary: "Remove a device",
    status: 200,
    params: DeviceParams,
    answer: DeviceRemoved,
    matches: true,
  }),

  listDeviceServices: route({
    method: "GET",
    path: "/devices/:id/services",
    access: "user",
    tags: ["fleet"],
    summary: "Read a device's virtual services, with the revision that a change is based on",
    status: 200,
    params: DeviceParams,
    answer: DeviceServiceList,
  }),
  putDeviceService: route({
    method: "PUT",
    path: "/devices/:id/services",
    access: "user",
    tags: ["fleet"],
    summary: "Add or change a virtual service of a device, on either Central",
    status: 200,
    params: DeviceParams,
    body: DeviceServicePut,
    answer: DeviceServiceWritten,
  }),
  removeDeviceService: route({
    method: "DELETE",
    path: "/devices/:id/services/:service",
    access: "user",
    tags: ["fleet"],
    summary: "Remove a virtual service of a device",
    status: 200,
    params: DeviceServiceParams,
    query: DeviceServiceRemoval,
    answer: DeviceServiceWritten,
  }),

  listHaGroups: route({
    method: "GET",
    path: "/ha-groups",
    access: "user",
    tags: ["fleet"],
    summary: "List LoadMaster HA groups",
    status: 200,
    answer: HaGroupList,
  }),
  addHaGroup: route({
    method: "POST",
    path: "/ha-groups",
    access: "user",
    tags: ["fleet"],
    summary: "Group two devices that form an HA pair",
    status: 201,
    body: HaGroupNew,
    answer: HaGroupWritten,
  }),
  haGroup: route({
    method: "GET",
    path: "/ha-groups/:id",
    access: "user",
    tags: ["fleet"],
    summary: "One LoadMaster HA group",
    status: 200,
    params: HaGroupParams,
    answer: HaGroup,
  }),
  changeHaGroup: route({
    method: "PATCH",
    path: "/ha-groups/:id",
    access: "user",
    tags: ["fleet"],
    summary: "Rename an HA group",
    status: 200,
    params: HaGroupParams,
    body: HaGroupChange,
    answer: HaGroupWritten,
    matches: true,
  }),
  removeHaGroup: route({
    method: "DELETE",
    path: "/ha-groups/:id",
    access: "user",
    tags: ["fleet"],
    summary: "Dissolve an HA group; its devices stay",
    status: 200,
    params: HaGroupParams,
    answer: HaGroupRemoved,
    matches: true,
  }),

  listScheduledActions: route({
    method: "GET",
    path: "/scheduled-actions",
    access: "user",
    tags: ["schedule"],
    summary: "List scheduled actions with when they are due next",
    status: 200,
    answer: ScheduledActionList,
  }),
  addScheduledAction: route({
    method: "POST",
    path: "/scheduled-actions",
    access: "user",
    tags: ["schedule"],
    summary: "Schedule an action on devices",
    status: 201,
    body: ScheduledActionNew,
    answer: ScheduledActionWritten,
  }),
  changeScheduledAction: route({
    method: "PATCH",
    path: "/scheduled-actions/:id",
    access: "user",
    tags: ["schedule"],
    summary: "Change a scheduled action",
    status: 200,
    params: ScheduledActionParams,
    body: ScheduledActionChange,
    answer: ScheduledActionWritten,
    matches: true,
  }),
  removeScheduledAction: route({
    method: "DELETE",
    path: "/scheduled-actions/:id",
    access: "user",
    tags: ["schedule"],
    summary: "Remove a scheduled action; its past runs stay",
    status: 200,
    params: ScheduledActionParams,
    answer: ScheduledActionRemoved,
    matches: true,
  }),
  runScheduledAction: route({
    method: "POST",
    path: "/scheduled-actions/:id/run-now",
    access: "user",
    tags: ["schedule"],
    summary: "Run an action now, from this unit; answers the runs that it begins",
    status: 201,
    params: ScheduledActionParams,
    answer: RunsBegun,
  }),
  listRuns: route({
    method: "GET",
    path: "/runs",
    access: "user",
    tags: ["schedule"],
    summary: "Runs of actions, newest first",
    status: 200,
    query: RunsQuery,
    answer: RunList,
  }),

  ha: route({
    method: "GET",
    path: "/ha",
    access: "user",
    tags: ["ha"],
    summary: "HA configuration and status",
    status: 200,
    answer: HaAnswer,
  }),
  applyHa: route({
    method: "PUT",
    path: "/ha",
    access: "user",
    tags: ["ha"],
    summary: "Apply the HA configuration",
    status: 200,
    body: HaApply,
    answer: HaAnswer,
  }),
  refreshHa: route({
    method: "POST",
    path: "/ha/refresh",
    access: "user",
    tags: ["ha"],
    summary: "Exchange a heartbeat now and answer the status after it",
    status: 200,
    answer: HaAnswer,
  }),
  haEvents: route({
    method: "GET",
    path: "/ha/events",
    access: "user",
    tags: ["ha"],
    summary: "The HA timeline, newest first",
    status: 200,
    query: HaEventsQuery,
    answer: HaEvents,
  }),
  ...drillRoutes,
  ...haRoutes,
  ...synchronisedRoutes,
  ...repositoryRoutes,
  ...licensingRoutes,
  ...ownLicenceRoutes,
  ...logRoutes,
  ...statisticsRoutes,
  ...meteringRoutes,
} as const;

type PartOf<R extends Route, K extends "params" | "query" | "body"> = R extends {
  readonly [key in K]: infer S extends TSchema;
}
  ? { readonly [key in K]: Static<S> }
  : unknown;

/** What a call of a route is given: its parameters, query and body where it has them, and the row's tag where it matches one. */
export type CallOf<R extends Route> = PartOf<R, "params"> &
  (R extends { readonly query: infer S extends TSchema } ? { readonly query?: Static<S> } : unknown) &
  PartOf<R, "body"> &
  (R extends { readonly matches: true } ? { readonly tag?: string } : unknown);

/** What a successful call of a route answers. */
export type AnswerOf<R extends Route> = Static<R["answer"]>;
