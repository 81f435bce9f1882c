import { Content, Gallery } from "@patternfly/react-core";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useQuery } from "@tanstack/react-query";
import { licenceQuery } from "../api/queries.ts";
import { useLive } from "../live/live.tsx";
import { readOnlyReason } from "../live/read-only.ts";
import { useLack } from "../session/use-lack.ts";
import { ActivateCard } from "./activate-card.tsx";
import { LicenceAlert } from "./licence-alert.tsx";
import { LicenceCard } from "./licence-card.tsx";

/** This unit's licence, and the Central that grants it (SPEC ML2, ML7). */
export function LicencePage() {
  const { view } = useLive();
  const licence = useQuery(licenceQuery);
  const lacks = useLack("aslactivate");
  const reason = readOnlyReason(view, "unit") ?? lacks;
  return (
    <PageFrame title="Licence">
      {view !== null && <LicenceAlert view={view} />}
      <Content component="p">
        {reason ??
          "A licence belongs to this unit alone: each unit of a pair is licensed by itself, at its own address. A unit without a licence is not restricted."}
      </Content>
      <Loaded query={licence}>
        {(shown) => (
          <Gallery hasGutter minWidths={{ default: "100%", md: "420px" }}>
            <LicenceCard licence={shown} isReadOnly={reason !== null} />
            <ActivateCard licence={shown} isReadOnly={reason !== null} />
          </Gallery>
        )}
      </Loaded>
    </PageFrame>
  );
}
