// Dark or light: as the system has it, unless somebody chose in this browser. Runs before anything is painted.
window.panelTheme = (() => {
  const key = "appliance-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(key);
    } catch {
      // A browser may keep nothing.
      return null;
    }
  }

  const isDark = () => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";

  function apply() {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    if (typeof setDark === "function" && typeof darkSetter === "function") setDark(isDark());
  }

  function toggle() {
    const wanted = isDark() ? "light" : "dark";
    try {
      // What the system says anyway is followed again.
      if ((wanted === "dark") === system.matches) localStorage.removeItem(key);
      else localStorage.setItem(key, wanted);
    } catch {
      return;
    }
    apply();
  }

  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  apply();
  return { isDark, toggle };
})();
