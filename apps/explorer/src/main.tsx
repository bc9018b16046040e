import { mount } from "./mount.tsx";

mount(document.getElementById("page")!);
