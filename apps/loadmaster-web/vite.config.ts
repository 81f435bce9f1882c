import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  build: {
    // One console, cached once by its few users: a single chunk is simpler than a split one.
    chunkSizeWarningLimit: 2_000,
    // The unit's pages load nothing but files from the unit, data URLs included in what they do not load.
    assetsInlineLimit: 0,
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    css: false,
    // Whole procedures are typed and clicked through; a busy machine takes its time for it.
    testTimeout: 30_000,
    server: { deps: { inline: [/@patternfly/] } },
  },
});
