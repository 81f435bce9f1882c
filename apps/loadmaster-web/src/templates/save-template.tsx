import { Button } from "@patternfly/react-core";
import type { VirtualServiceView } from "@tandem/loadmaster-api/views";
import { Problems } from "@tandem/web-components/form/problems";
import { useMutation } from "@tanstack/react-query";
import { keepFile } from "../api/keep-file.ts";
import { bytesOf } from "../api/read-file.ts";
import { command } from "../api/transport.ts";

/** Saves what a service is as a template. */
export function SaveTemplate({ service }: { readonly service: VirtualServiceView }) {
  const saving = useMutation({
    mutationFn: async () => {
      const { data, filename } = await command("exportvstmplt", { vs: String(service.Index) });
      keepFile(filename, bytesOf(data));
    },
  });
  return (
    <>
      <Problems error={saving.error} fields={[]} />
      <div>
        <Button variant="secondary" isLoading={saving.isPending} onClick={() => saving.mutate()}>
          Export Template
        </Button>
      </div>
    </>
  );
}
