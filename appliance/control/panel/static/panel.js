// What every page can do without asking the machine: switch the theme, log out, notice that the session is over.
(() => {
  const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";
  const login = () => `/login?from=${encodeURIComponent(location.pathname + location.search)}`;
  const ASKED_AGAIN_MS = 5000;
  let askedMs = -Infinity;

  // Several notice at once that the session is over; who has typed something is asked once whether it may go.
  window.toLogin = (path) => {
    if (performance.now() - askedMs < ASKED_AGAIN_MS) return;
    askedMs = performance.now();
    location.assign(path);
    askedMs = performance.now();
  };

  async function leave() {
    const answer = await fetch("/api/v1/session", { method: "DELETE", headers: { "X-CSRF-Token": csrf() } });
    if (answer.ok || answer.status === 401) location.assign("/login");
  }

  const actions = { theme: () => window.panelTheme.toggle(), leave };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-action]");
    if (button && actions[button.dataset.action]) actions[button.dataset.action]();
  });

  // The machine was away, or has ended the session: whoever is logged in stays, all others get to the login.
  async function check() {
    const answer = await fetch("/api/v1/session").catch(() => null);
    if (answer?.status === 401) window.toLogin(login());
  }

  function watch() {
    if (!window.socket) return setTimeout(watch, 200);
    window.socket.on("connect_error", check);
  }

  window.addEventListener("load", watch);
})();
