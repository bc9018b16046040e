export const chromium: string | undefined;
export const quiet: string[];
export const softwareGraphics: string[];
