/** The program that does what the figure shows. */
export function Code({ text }: { readonly text: string }) {
  return (
    <details class="more">
      <summary>Show the code</summary>
      <pre class="code" tabIndex={0}>
        <code>{text}</code>
      </pre>
    </details>
  );
}
