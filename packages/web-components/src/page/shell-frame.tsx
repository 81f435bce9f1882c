import {
  Button,
  Content,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  Page,
  PageSidebar,
  PageToggleButton,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from "@patternfly/react-core";
import type { ReactNode } from "react";

const mainId = "main";

type Props = {
  readonly product: string;
  readonly home: string;
  /** Items of the toolbar, before *Sign out*. */
  readonly status: ReactNode;
  /** Bodies of the sidebar. */
  readonly sidebar: ReactNode;
  readonly onSignOut: () => void;
  readonly children: ReactNode;
};

/** What stands around every page: the masthead, the sidebar, and the way past both. */
export const ShellFrame = ({ product, home, status, sidebar, onSignOut, children }: Props) => (
  <Page
    masthead={
      <Masthead>
        <MastheadMain>
          <MastheadToggle>
            <PageToggleButton isHamburgerButton aria-label="Show or hide the navigation" />
          </MastheadToggle>
          <MastheadBrand>
            <MastheadLogo href={home} component="a">
              <Content component="h4">{product}</Content>
            </MastheadLogo>
          </MastheadBrand>
        </MastheadMain>
        <MastheadContent>
          <Toolbar isStatic>
            <ToolbarContent alignItems="center">
              {status}
              <ToolbarItem align={{ default: "alignEnd" }}>
                <Button variant="plain" onClick={onSignOut}>
                  Sign out
                </Button>
              </ToolbarItem>
            </ToolbarContent>
          </Toolbar>
        </MastheadContent>
      </Masthead>
    }
    sidebar={<PageSidebar>{sidebar}</PageSidebar>}
    isManagedSidebar
    mainContainerId={mainId}
    skipToContent={<SkipToContent href={`#${mainId}`}>Skip to content</SkipToContent>}
  >
    {children}
  </Page>
);
