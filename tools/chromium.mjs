// The browser that tests and measurements run in.
import { existsSync } from "node:fs";

/** The first one found, so that no download is needed; CONVLENS_CHROMIUM names another. */
export const chromium = [
  process.env["CONVLENS_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && existsSync(path));

/** As quiet as it can be, and in a container. */
export const quiet = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGL 2 and WebGPU by a program, where there is no graphics processor. */
export const softwareGraphics = [
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];
