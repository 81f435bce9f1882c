import { Alert } from "@patternfly/react-core";
import type { HaView } from "@tandem/loadmaster-api/ha-view";
import type { ReactNode } from "react";

/** What is to be known of the licence (SPEC ML7). */
export function LicenceAlert({ view, children }: { readonly view: HaView; readonly children?: ReactNode }) {
  const { licence } = view;
  if (licence === null) return null;
  return (
    <Alert variant={licence.level} isInline isLiveRegion title={licence.title}>
      {licence.text} {children}
    </Alert>
  );
}
