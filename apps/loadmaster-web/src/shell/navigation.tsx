import { Nav, NavExpandable, NavItem, NavList } from "@patternfly/react-core";
import { Link, useLocation } from "@tanstack/react-router";

/** Pages under the names that LoadMaster's users know. */
export function Navigation() {
  const { pathname } = useLocation();
  const inServices = pathname.startsWith("/services");
  const inConfiguration =
    !["/", "/statistics", "/rules", "/templates", "/checking/parameters", "/certificates"].includes(
      pathname,
    ) && !inServices;
  return (
    <Nav aria-label="Pages">
      <NavList>
        <NavItem isActive={pathname === "/"}>
          <Link to="/">Home</Link>
        </NavItem>
        <NavItem isActive={inServices}>
          <Link to="/services">Virtual Services</Link>
        </NavItem>
        <NavItem isActive={pathname === "/statistics"}>
          <Link to="/statistics">Statistics</Link>
        </NavItem>
        <NavItem isActive={pathname === "/templates"}>
          <Link to="/templates">Manage Templates</Link>
        </NavItem>
        <NavItem isActive={pathname === "/rules"}>
          <Link to="/rules">Content Rules</Link>
        </NavItem>
        <NavItem isActive={pathname === "/checking/parameters"}>
          <Link to="/checking/parameters">Check Parameters</Link>
        </NavItem>
        <NavItem isActive={pathname === "/certificates"}>
          <Link to="/certificates">Certificates</Link>
        </NavItem>
        <NavExpandable title="System Configuration" isExpanded isActive={inConfiguration}>
          <NavItem isActive={pathname === "/interfaces"}>
            <Link to="/interfaces">Interfaces</Link>
          </NavItem>
          <NavItem isActive={pathname === "/host"}>
            <Link to="/host">Host Configuration</Link>
          </NavItem>
          <NavItem isActive={pathname === "/access-lists"}>
            <Link to="/access-lists">Packet Routing Filter</Link>
          </NavItem>
          <NavExpandable
            title="System Administration"
            isExpanded
            isActive={pathname.startsWith("/administration/")}
          >
            <NavItem isActive={pathname === "/administration/users"}>
              <Link to="/administration/users">User Management</Link>
            </NavItem>
            <NavItem isActive={pathname === "/administration/licence"}>
              <Link to="/administration/licence">Licence</Link>
            </NavItem>
            <NavItem isActive={pathname === "/administration/backup"}>
              <Link to="/administration/backup">Backup/Restore</Link>
            </NavItem>
            <NavItem isActive={pathname === "/administration/reboot"}>
              <Link to="/administration/reboot">System Reboot</Link>
            </NavItem>
          </NavExpandable>
          <NavExpandable title="Logging Options" isExpanded isActive={pathname.startsWith("/logging/")}>
            <NavItem isActive={pathname === "/logging/files"}>
              <Link to="/logging/files">System Log Files</Link>
            </NavItem>
            <NavItem isActive={pathname === "/logging/debug"}>
              <Link to="/logging/debug">Debug Options</Link>
            </NavItem>
            <NavItem isActive={pathname === "/logging/syslog"}>
              <Link to="/logging/syslog">Syslog Options</Link>
            </NavItem>
          </NavExpandable>
          <NavExpandable title="Miscellaneous Options" isExpanded isActive={pathname.startsWith("/ha/")}>
            <NavItem isActive={pathname === "/ha/parameters"}>
              <Link to="/ha/parameters">HA Parameters</Link>
            </NavItem>
            <NavItem isActive={pathname === "/ha/setup"}>
              <Link to="/ha/setup">HA Set-up</Link>
            </NavItem>
            <NavItem isActive={pathname === "/ha/drill"}>
              <Link to="/ha/drill">HA Drill</Link>
            </NavItem>
          </NavExpandable>
        </NavExpandable>
      </NavList>
    </Nav>
  );
}
