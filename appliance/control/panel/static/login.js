// The login: a token for a session. Where there is no token yet, this computer may make the first one.
(() => {
  const $ = (id) => document.getElementById(id);

  function show(id, sentence) {
    $(id).textContent = sentence;
    $(id).hidden = !sentence;
  }

  // Back to the page that somebody came from, as long as it is one of this site.
  function back() {
    const wanted = new URLSearchParams(location.search).get("from") ?? "/";
    const target = new URL(wanted, location.origin);
    const isHere = wanted.startsWith("/") && target.origin === location.origin && target.pathname !== "/login";
    return isHere ? target.pathname + target.search : "/";
  }

  async function post(path, body) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const content = await answer.json().catch(() => ({}));
    return { answer, content };
  }

  function reason(answer, content) {
    if (answer.status === 429) {
      const wait = Number(answer.headers.get("Retry-After")) || 60;
      return `Too many wrong tokens came from here. Try again in ${wait} ${wait === 1 ? "second" : "seconds"}.`;
    }
    const detail = content.detail ?? `the machine answered ${answer.status}`;
    return detail[0].toUpperCase() + detail.slice(1) + (detail.endsWith(".") ? "" : ".");
  }

  async function enter(token, button, where) {
    show(where, "");
    button.disabled = true;
    try {
      const { answer, content } = await post("/api/v1/session", { token });
      if (answer.ok) return location.assign(back());
      show(where, reason(answer, content));
    } catch {
      show(where, "The machine does not answer. Try again in a moment.");
    }
    button.disabled = false;
    $("token")?.select();
  }

  $("login")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const token = $("token").value.trim();
    if (!token) {
      show("wrong", "Enter the token: it begins with apl_.");
      return $("token").focus();
    }
    enter(token, $("enter"), "wrong");
  });

  $("make")?.addEventListener("click", async () => {
    show("unmade", "");
    $("make").disabled = true;
    try {
      const { answer, content } = await post("/api/v1/first-token", {});
      if (!answer.ok) throw new Error(reason(answer, content));
      $("made").value = content.token;
      $("before").hidden = true;
      $("after").hidden = false;
      $("copy").focus();
    } catch (error) {
      show("unmade", error instanceof TypeError ? "The machine does not answer. Try again in a moment." : error.message);
      $("make").disabled = false;
    }
  });

  $("copy")?.addEventListener("click", async () => {
    $("made").select();
    try {
      await navigator.clipboard.writeText($("made").value);
    } catch {
      // Only pages of this computer, or under TLS, get at the clipboard in the new way.
      document.execCommand("copy");
    }
    show("copied", "Copied.");
  });

  $("go")?.addEventListener("click", () => enter($("made").value, $("go"), "unentered"));
  $("switch").addEventListener("click", () => window.panelTheme.toggle());
})();
