/** All cases, in the order in which they are run. */
import type { Area } from "./case.ts";
import { accessLists } from "./cases/access-lists.ts";
import { addressing } from "./cases/addressing.ts";
import { authentication } from "./cases/authentication.ts";
import { certificates } from "./cases/certificates.ts";
import { checks } from "./cases/checks.ts";
import { clients } from "./cases/clients.ts";
import { envelopes } from "./cases/envelopes.ts";
import { hostileValues } from "./cases/hostile.ts";
import { keeping } from "./cases/keeping.ts";
import { layer4 } from "./cases/layer4.ts";
import { licences } from "./cases/licences.ts";
import { logging } from "./cases/logging.ts";
import { network } from "./cases/network.ts";
import { notYet } from "./cases/not-yet.ts";
import { options } from "./cases/options.ts";
import { rules } from "./cases/rules.ts";
import { serviceParameters } from "./cases/service-parameters.ts";
import { spelling } from "./cases/spelling.ts";
import { statistics } from "./cases/statistics.ts";
import { subServices } from "./cases/sub-services.ts";
import { apiKeys, interfaces, system } from "./cases/system.ts";
import { templates } from "./cases/templates.ts";
import { tlsOfServices } from "./cases/tls.ts";
import { users } from "./cases/users.ts";
import { views } from "./cases/views.ts";

export const areas: readonly Area[] = [
  authentication,
  envelopes,
  views,
  statistics,
  addressing,
  spelling,
  serviceParameters,
  system,
  apiKeys,
  interfaces,
  certificates,
  checks,
  rules,
  subServices,
  options,
  layer4,
  templates,
  accessLists,
  tlsOfServices,
  keeping,
  users,
  licences,
  logging,
  network,
  hostileValues,
  clients,
  notYet,
];
