declare module "*.md?pieces" {
  const pieces: readonly import("./article/Text.tsx").Piece[];
  export default pieces;
}
