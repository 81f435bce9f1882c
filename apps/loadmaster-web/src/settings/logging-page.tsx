import { Alert, Card, CardBody, Stack } from "@patternfly/react-core";
import { syslogLevels } from "@tandem/loadmaster-api/syslog-levels";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { systemQuery } from "../api/queries.ts";
import { AddressHint } from "../live/address-hint.tsx";
import type { SettingField } from "./field.ts";
import { SettingsForm } from "./settings-form.tsx";

const levelWords = {
  emergency: "Emergency",
  critical: "Critical",
  error: "Error",
  warn: "Warn",
  notice: "Notice",
  info: "Info",
};

export const loggingFields: readonly SettingField[] = [
  ...syslogLevels.map(
    ({ level, parameter }): SettingField => ({
      name: parameter,
      label: `${levelWords[level]} Host`,
      kind: "text",
      help: "Addresses or names separated by commas; each gets this level and what is more urgent, and has one level",
    }),
  ),
  { name: "syslogport", label: "Remote Port", kind: "number", help: "Of all hosts; 1 to 65535" },
  {
    name: "syslogprot",
    label: "Protocol",
    kind: "choice",
    options: [
      ["udp", "UDP"],
      ["tcp", "TCP"],
    ],
    help: "TCP tells when a host is away, and keeps messages for it meanwhile",
  },
  {
    name: "syslogframing",
    label: "Framing on TCP",
    kind: "choice",
    options: [
      ["octet-counting", "by length"],
      ["newline", "by line feed"],
    ],
    help: "How messages are told apart",
  },
];

/** Where this unit's syslog goes. */
export function LoggingPage() {
  const system = useQuery(systemQuery);
  return (
    <PageFrame title="Syslog Options">
      <AddressHint />
      <Card>
        <CardBody>
          <Loaded query={system}>
            {(values) => (
              <Stack hasGutter>
                {typeof values.syslogreport === "string" && values.syslogreport !== "" && (
                  <Alert variant="info" isInline isPlain title={values.syslogreport} />
                )}
                <SettingsForm title="Syslog Options" fields={loggingFields} values={values} />
              </Stack>
            )}
          </Loaded>
        </CardBody>
      </Card>
    </PageFrame>
  );
}
