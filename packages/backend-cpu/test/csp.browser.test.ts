import { expect, it } from "vitest";

/** Message of a page with this policy that runs this program. */
async function answerOf(policy: string, program: string): Promise<unknown> {
  const frame = document.createElement("iframe");
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${policy}"><script type="module">${program}</script>`;
  const answer = new Promise<MessageEvent>((resolve) => addEventListener("message", resolve, { once: true }));
  document.body.append(frame);
  const { data } = await answer;
  frame.remove();
  return data;
}

it("a page without permission for workers computes on its own thread, and says so", async () => {
  const program = `
    const said = [];
    console.info = (sentence) => said.push(sentence);
    const { cpu } = await import("/packages/backend-cpu/src/index.ts");
    const backends = [await cpu({ threads: 1 }), await cpu({ threads: 1 })];
    const program = {
      feeds: [[2]],
      variables: [],
      constants: [],
      instructions: [{ operation: "negate", inputs: [0], attributes: {}, shape: [2] }],
      outputs: [1],
      updates: [],
    };
    const values = [];
    for (const backend of backends) values.push(...(await backend.compile(program).run([Float32Array.of(3, 4)], []))[0]);
    parent.postMessage({ said, values });`;
  expect(await answerOf("worker-src 'self'", program)).toEqual({
    said: [expect.stringMatching(/^cpu: computes on the page's own thread, .* worker-src blob:/)],
    values: [-3, -4, -3, -4],
  });
});

it.each([1, 2])(
  "cpu() names the missing permission in a page that may not compile WebAssembly (threads: %i)",
  async (threads) => {
    const program = `
    const started = [];
    globalThis.Worker = class extends Worker {
      constructor(address) {
        super(address);
        started.push(this);
      }
    };
    const { cpu } = await import("/packages/backend-cpu/src/index.ts");
    const said = await cpu({ threads: ${threads} }).then(() => "nothing", (error) => error.name + ": " + error.message);
    parent.postMessage({ said, workers: started.length });`;
    expect(await answerOf("script-src 'self' 'unsafe-inline'", program)).toEqual({
      said: expect.stringMatching(
        /^BackendError: cpu: WebAssembly with SIMD cannot be compiled here \(CompileError: .*\); in a page, .* script-src 'wasm-unsafe-eval'; or use reference\(\)/,
      ),
      workers: 0,
    });
  },
);
