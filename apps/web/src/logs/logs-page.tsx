import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  EmptyState,
  EmptyStateBody,
  Switch,
} from "@patternfly/react-core";
import type { LogLine } from "@tandem/central-api/logs";
import { Problems } from "@tandem/web-components/form/problems";
import { Loaded } from "@tandem/web-components/page/loaded";
import { PageFrame } from "@tandem/web-components/page/page-frame";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { logStatusQuery, logsQuery, logTailQuery, treeQuery } from "../api/queries.ts";
import { isPaired, PairNotice } from "../ha/pair-notice.tsx";
import { CollectorAlerts } from "./collector-alerts.tsx";
import { choiceFields, type LogChoice } from "./log-choice.ts";
import { LogSearch } from "./log-search.tsx";
import { LogTable } from "./log-table.tsx";

/** Lines that one page shows; who wants others narrows the search. */
const linesShownMax = 1_000;

/** Syslog that this unit has received from the devices (SPEC CH2). */
export function LogsPage() {
  const choice = useSearch({ from: "/syslog" });
  const navigate = useNavigate({ from: "/syslog" });
  const [isFollowing, setFollowing] = useState(false);
  const tree = useQuery(treeQuery);
  const status = useQuery(logStatusQuery);
  const found = useInfiniteQuery({ ...logsQuery(choice), enabled: !isFollowing });
  const tail = useQuery({ ...logTailQuery(choice), enabled: isFollowing });
  const error = isFollowing ? tail.error : found.error;
  const lines = isFollowing
    ? (tail.data?.lines ?? [])
    : (found.data?.pages ?? []).flatMap((page) => page.lines);
  return (
    <PageFrame title="Syslog" about="What this unit has received from the devices, newest first.">
      <PairNotice
        text={(unit) =>
          isPaired(unit)
            ? "Every device sends its syslog to both units, and each keeps and searches what it received."
            : "Devices send their syslog to this unit alone."
        }
      />
      <Loaded query={status}>{(collector) => <CollectorAlerts status={collector} />}</Loaded>
      <Card>
        <CardBody>
          <Loaded query={tree}>
            {(known) => (
              <LogSearch
                key={JSON.stringify(choice)}
                choice={choice}
                tree={known}
                unknownSenders={status.data?.unknownSenders.map(({ address }) => address) ?? []}
                error={error}
                onSearch={(search: LogChoice) => {
                  void navigate({ search });
                  // The same search once more: what has come since is wanted.
                  if (!isFollowing && JSON.stringify(search) === JSON.stringify(choice)) void found.refetch();
                }}
              />
            )}
          </Loaded>
        </CardBody>
      </Card>
      <Card>
        <CardHeader
          hasWrap
          actions={{
            actions: (
              <Switch
                id="follow"
                label="Follow"
                isChecked={isFollowing}
                onChange={(_, isChecked) => setFollowing(isChecked)}
              />
            ),
            hasNoOffset: true,
          }}
        >
          <CardTitle component="h2">{isFollowing ? "The newest lines" : "Lines found"}</CardTitle>
        </CardHeader>
        <CardBody>
          <Problems error={error} fields={choiceFields} />
          <FoundLines
            lines={lines}
            isLoading={isFollowing ? tail.isPending : found.isFetching}
            hasMore={!isFollowing && found.hasNextPage}
            onMore={() => void found.fetchNextPage()}
          />
        </CardBody>
      </Card>
    </PageFrame>
  );
}

type FoundProps = {
  readonly lines: readonly LogLine[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly onMore: () => void;
  readonly shownMax?: number;
};

export function FoundLines({ lines, isLoading, hasMore, onMore, shownMax = linesShownMax }: FoundProps) {
  const isFull = lines.length >= shownMax;
  return (
    <>
      {lines.length > 0 ? (
        <LogTable lines={lines.slice(0, shownMax)} />
      ) : (
        <EmptyState
          headingLevel="h3"
          titleText={isLoading ? "Searching" : hasMore ? "Nothing found so far" : "No such lines"}
        >
          <EmptyStateBody>
            {hasMore ? "Older lines have not been looked at yet." : "What was received long ago is not kept."}
          </EmptyStateBody>
        </EmptyState>
      )}
      {hasMore && !isFull && (
        <Button variant="link" isLoading={isLoading} isDisabled={isLoading} onClick={onMore}>
          {lines.length > 0 ? "Show earlier lines" : "Search further back"}
        </Button>
      )}
      {hasMore && isFull && (
        <Content component="small">{`These are the newest ${shownMax}: narrow the search for earlier ones.`}</Content>
      )}
    </>
  );
}
