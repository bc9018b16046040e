// Serves the built page from a folder, as static hosts do, with the isolation headers or without.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** Starts the server, by default on a free port. Returns the address of the page and a function that ends the server. */
export async function serveSite(dist, { isolated = false, folder = "/some/folder/", port = 0 } = {}) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const file = normalize(path.slice(folder.length - 1)).replace(/\/$/, "/index.html");
    readFile(join(dist, path.startsWith(folder) ? file : "none")).then(
      (body) => {
        response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
        if (isolated) {
          response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
          response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
        }
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}${folder}`,
    end: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
