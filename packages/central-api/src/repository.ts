/** The Global Repository, LoadMaster profiles and target environments. */
import { type Static, Type } from "@tandem/base/schema";
import { Acknowledged, closed, Moment, Tag } from "./errors.ts";

const name = Type.String({ minLength: 1, maxLength: 128 });
const description = Type.String({ maxLength: 1_024 });
const key = Type.String({ minLength: 1, maxLength: 128 });

const Kind = Type.Union([Type.Literal("backup"), Type.Literal("template"), Type.Literal("firmware")]);

export const RepositoryFile = Type.Object({
  id: Type.String(),
  name,
  kind: Kind,
  description,
  digest: Type.Union([Type.String(), Type.Null()], {
    description: "SHA-256 of its content; null until content was uploaded",
  }),
  size: Type.Union([Type.Integer(), Type.Null()]),
  here: Type.Boolean({ description: "whether its content is on this unit and can be downloaded here" }),
  author: Type.String({ description: "who stored it, or its content, last" }),
  at: Moment,
  tag: Tag,
});
export type RepositoryFile = Static<typeof RepositoryFile>;

const synchronised = Type.Boolean({ description: "whether both units have the same at this moment" });

export const RepositoryFileList = Type.Object({ files: Type.Array(RepositoryFile), synchronised });
export const RepositoryFileNew = Type.Object(
  { name, kind: Kind, description: Type.Optional(description) },
  closed,
);
export type RepositoryFileNew = Static<typeof RepositoryFileNew>;
export const RepositoryFileChange = Type.Object(
  { name: Type.Optional(name), kind: Type.Optional(Kind), description: Type.Optional(description) },
  closed,
);
export type RepositoryFileChange = Static<typeof RepositoryFileChange>;
export const RepositoryFileWritten = Type.Object({
  ...RepositoryFile.properties,
  acknowledged: Acknowledged,
});
export type RepositoryFileWritten = Static<typeof RepositoryFileWritten>;

const settings = Type.Record(key, Type.Unknown(), { maxProperties: 1_000 });
export const Profile = Type.Object({ id: Type.String(), name, settings, tag: Tag });
export type Profile = Static<typeof Profile>;
export const ProfileList = Type.Object({ profiles: Type.Array(Profile), synchronised });
export const ProfileNew = Type.Object({ name, settings: Type.Optional(settings) }, closed);
export const ProfileChange = Type.Object(
  { name: Type.Optional(name), settings: Type.Optional(settings) },
  closed,
);
export const ProfileWritten = Type.Object({ ...Profile.properties, acknowledged: Acknowledged });

const variables = Type.Record(key, Type.String({ maxLength: 4_096 }), { maxProperties: 1_000 });
export const TargetEnvironment = Type.Object({ id: Type.String(), name, description, variables, tag: Tag });
export type TargetEnvironment = Static<typeof TargetEnvironment>;
export const TargetEnvironmentList = Type.Object({
  targetEnvironments: Type.Array(TargetEnvironment),
  synchronised,
});
export const TargetEnvironmentNew = Type.Object(
  { name, description: Type.Optional(description), variables: Type.Optional(variables) },
  closed,
);
export const TargetEnvironmentChange = Type.Object(
  {
    name: Type.Optional(name),
    description: Type.Optional(description),
    variables: Type.Optional(variables),
  },
  closed,
);
export const TargetEnvironmentWritten = Type.Object({
  ...TargetEnvironment.properties,
  acknowledged: Acknowledged,
});

export const EntryRemoved = Type.Object({ id: Type.String(), acknowledged: Acknowledged });
export type EntryRemoved = Static<typeof EntryRemoved>;
export const EntryParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) }, closed);

/** A file as it is; what it is in memory depends on who reads it. */
export const FileContent = Type.Unknown();
