// The agent's day, what a call was about, and for supervisors everybody else. Text is always set as text.

const $ = (id) => document.getElementById(id);
const ACTS = { listen: "Listen", whisper: "Whisper", barge: "Barge in", takeover: "Take over" };
const FORCED = { "force-ready": "Ready", "force-pause": "Pause", "force-hold": "Hold", "force-logout": "Log out" };

export class Team {
  // `command(word, about)` asks the box.
  constructor(command) {
    this.command = command;
    this.heard = 0;
    $("code").addEventListener("change", ({ target }) => target.value && command("code", target.value));
    $("team-rows").addEventListener("click", ({ target }) => {
      if (target.dataset.act) command(target.dataset.act, target.closest("tr").dataset.agent);
    });
    $("stop-supervising").addEventListener("click", () => command("unsupervise", ""));
    setInterval(() => this.left(), 1000);
  }

  signedIn({ pause_reasons: reasons = [] }) {
    $("reasons").replaceChildren(...reasons.map((reason) => new Option(reason)));
  }

  news({ agent, team, supervises }) {
    this.agent = agent;
    this.heard = Date.now();
    this.codes(agent.codes || []);
    this.left();
    $("team").hidden = !team;
    $("stop-supervising").hidden = !supervises;
    $("supervises").textContent = supervises ? `${ACTS[supervises.mode]}: ${supervises.agent || supervises.call}` : "";
    $("team-rows").replaceChildren(...Object.values(team || {}).map((other) => row(other)));
  }

  codes(codes) {
    const known = [...$("code").options].slice(1).map((option) => option.value);
    $("code-label").hidden = codes.length === 0;
    if (known.join("\n") !== codes.join("\n")) {
      $("code").replaceChildren(new Option("choose", ""), ...codes.map((code) => new Option(code)));
    }
  }

  // What is left of a wrap-up, and the day so far; both run by themselves between two pushes.
  left() {
    if (!this.agent) return;
    const { left_seconds: left, today_seconds: today, state } = this.agent;
    const since = (Date.now() - this.heard) / 1000;
    const day = ["ready", "talking", "wrap-up", "paused"].map((name) => {
      const seconds = (today[name] || 0) + (name === state ? since : 0);
      return `${name} ${minutes(seconds)}`;
    });
    const more = left === null ? "" : `${Math.max(0, Math.ceil(left - since))} s left to write up the call. `;
    $("today").textContent = `${more}Today: ${day.join(", ")}`;
  }
}

function row(other) {
  const line = document.createElement("tr");
  line.dataset.agent = other.agent;
  const paused = minutes(other.today_seconds.paused || 0);
  const held = other.held_by ? `, held by ${other.held_by}` : "";
  const state = `${other.state}${other.reason ? ` (${other.reason})` : ""}${held}`;
  for (const text of [other.name, state, minutes(other.since_seconds), paused]) {
    line.append(Object.assign(document.createElement("td"), { textContent: text }));
  }
  const cell = document.createElement("td");
  for (const [act, text] of [...Object.entries(other.call ? ACTS : {}), ...Object.entries(FORCED)]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.dataset.act = act;
    cell.append(button);
  }
  line.append(cell);
  return line;
}

function minutes(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min`;
}
