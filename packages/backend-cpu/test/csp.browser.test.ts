import { expect, it } from "vitest";

it("a page that may have no worker computes by itself, and says so", async () => {
  const frame = document.createElement("iframe");
  frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="worker-src 'self'">
    <script type="module">
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
      parent.postMessage({ said, values });
    </script>`;
  const answer = new Promise<MessageEvent>((resolve) => addEventListener("message", resolve, { once: true }));
  document.body.append(frame);
  const { data } = await answer;
  frame.remove();
  expect(data).toEqual({
    said: [expect.stringMatching(/^cpu: computes on the page's own thread, .* worker-src blob:/)],
    values: [-3, -4, -3, -4],
  });
});
