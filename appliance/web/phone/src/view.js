// What is on the screen. Text is always set as text: numbers and names come from outside.

import { State } from "./call.js";
import * as words from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const STATES = {
  offline: "Logged out",
  ready: "Ready",
  offered: "A caller is offered",
  talking: "Talking",
  "wrap-up": "Wrap-up",
  paused: "Paused",
};
const COMMANDS = {
  offline: ["login"],
  ready: ["pause", "logout"],
  offered: ["pause", "logout"],
  talking: ["pause", "logout"],
  "wrap-up": ["end-wrap-up", "extend-wrap-up", "pause", "logout"],
  paused: ["ready", "logout"],
};
const STAGES = {
  [State.RINGING]: "is calling",
  [State.CALLING]: "ringing there",
  [State.UP]: "connected",
  [State.ENDED]: "ended",
};

const $ = (id) => document.getElementById(id);

export class View {
  // `acts` has a function for each thing the agent can ask for.
  constructor(acts) {
    this.acts = acts;
    this.cards = new Map();
    this.agent = null;
    this.boxCall = null;
    this.troubles = new Map();
    this.keypad();
    this.buttons();
    setInterval(() => this.clocks(), 1000);
  }

  buttons() {
    const { acts } = this;
    $("sign-in").addEventListener("submit", (event) => {
      event.preventDefault();
      acts.signIn($("agent").value.trim(), $("password").value);
    });
    $("sign-out").addEventListener("click", () => acts.signOut());
    $("work").addEventListener("click", ({ target }) => {
      if (target.dataset.command) acts.command(target.dataset.command, $("reason").value.trim());
    });
    $("dial").addEventListener("submit", (event) => {
      event.preventDefault();
      acts.dial($("number").value.trim());
      $("number").value = "";
    });
    for (const [id, name] of [["microphone", "microphone"], ["speaker", "speaker"], ["ring-loudness", "loudness"]]) {
      $(id).addEventListener("change", ({ target }) => acts.choose(name, target.value));
    }
    $("auto-answer").addEventListener("change", ({ target }) => acts.choose("autoAnswer", target.checked));
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (!typing && !event.ctrlKey && !event.altKey && !event.metaKey && KEYS.includes(event.key)) acts.key(event.key);
    });
  }

  keypad() {
    for (const key of KEYS) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = key;
      button.addEventListener("click", () => this.acts.key(key));
      $("keypad").append(button);
    }
  }

  typed(key) {
    $("number").value += key;
  }

  // --- which part is shown --------------------------------------------------------------------------

  signedOut(says = "") {
    $("phone").hidden = $("sign-out").hidden = true;
    $("sign-in").hidden = false;
    $("who").textContent = "";
    $("password").value = "";
    this.signInSays(says);
    this.cards.forEach((card) => card.remove());
    this.cards.clear();
    $("agent").focus();
  }

  signInSays(says) {
    $("sign-in-says").textContent = says;
  }

  signedIn(settings) {
    $("sign-in").hidden = true;
    $("phone").hidden = $("sign-out").hidden = false;
    $("password").value = "";
    $("who").textContent = settings.extension ? `${settings.name}, extension ${settings.extension}` : settings.name;
  }

  // One trouble of each kind at most; "" ends it. `again` is offered as a button.
  trouble(kind, words, again) {
    const known = this.troubles.get(kind);
    if (known && known.dataset.words === words) return;
    if (known) known.remove();
    this.troubles.delete(kind);
    if (!words) return;
    const line = document.createElement("p");
    line.dataset.words = line.textContent = words;
    line.dataset.kind = kind;
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Try again";
      button.addEventListener("click", again);
      line.append(button);
    }
    this.troubles.set(kind, line);
    $("troubles").append(line);
  }

  // --- work -----------------------------------------------------------------------------------------

  news({ agent, call, emergency, new_messages: messages }) {
    this.trouble("emergency", emergency);
    this.trouble("messages", words.messages(messages));
    this.agent = { ...agent, since: Date.now() - agent.since_seconds * 1000 };
    this.boxCall = call;
    const able = [...(COMMANDS[agent.state] || []), agent.afterwards && "ready"]; // "ready" takes it back
    for (const button of $("work").querySelectorAll("button")) button.hidden = !able.includes(button.dataset.command);
    $("reason-label").hidden = !able.includes("pause");
    $("phone").dataset.state = agent.state;
    this.clocks();
    this.cards.forEach((card, shown) => this.about(card, shown));
  }

  registered(on) {
    $("line").textContent = on ? "The phone is connected." : "The phone is not connected.";
    $("phone").dataset.registered = on ? "yes" : "no";
    $("dial").querySelector("button").disabled = !on;
  }

  clocks() {
    if (this.agent) {
      const { state, reason, afterwards, since } = this.agent;
      const then = afterwards ? `, then ${(STATES[afterwards] || afterwards).toLowerCase()}` : "";
      $("state").textContent = `${STATES[state] || state}${reason ? ` (${reason})` : ""}${then}, ${lasting(since)}`;
    }
    this.cards.forEach((card, call) => {
      card.querySelector(".stage").textContent = stage(call);
    });
  }

  // --- calls ----------------------------------------------------------------------------------------

  calls(calls) {
    for (const [call, card] of this.cards) {
      if (!calls.includes(call)) {
        card.remove();
        this.cards.delete(call);
      }
    }
    for (const call of calls) {
      if (!this.cards.has(call)) this.cards.set(call, this.card(call));
      this.show(this.cards.get(call), call, calls);
    }
  }

  card(call) {
    const card = $("call-card").content.firstElementChild.cloneNode(true);
    card.querySelector(".number").textContent = number(call);
    card.addEventListener("click", ({ target }) => {
      const what = target.dataset.do;
      if (what && target.type === "button") this.acts[what](call);
    });
    card.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const number = event.target.elements.to.value.trim();
      this.acts[event.submitter.dataset.do](call, number);
    });
    $("calls").append(card);
    if (call.incoming && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      card.querySelector("[data-do=answer]").focus();
    }
    return card;
  }

  show(card, call, calls) {
    const up = call.state === State.UP;
    const two = calls.filter((other) => other.state === State.UP).length === 2;
    const shown = {
      answer: call.state === State.RINGING,
      mute: up,
      hold: up,
      join: two && call === calls[0],
      confer: two && call === calls[0],
      hangup: call.state !== State.ENDED,
    };
    for (const [what, on] of Object.entries(shown)) card.querySelector(`[data-do=${what}]`).hidden = !on;
    pressed(card.querySelector("[data-do=mute]"), call.muted);
    pressed(card.querySelector("[data-do=hold]"), call.held);
    card.querySelector("[data-do=hold]").textContent = call.held ? "Resume" : "Hold";
    card.querySelector("[data-do=hangup]").textContent = call.state === State.RINGING ? "Decline" : "Hang up";
    card.querySelector("form").hidden = !up || calls.length > 1;
    card.className = `call ${call.state}`;
    card.querySelector(".stage").textContent = stage(call);
    card.querySelector(".says").textContent = call.says;
    this.about(card, call);
  }

  // Queue and line: of the box's own news where the call is the one it speaks of.
  about(card, call) {
    const known = call.incoming && this.boxCall;
    const parts = known ? [known.queue && `queue ${known.queue}`, known.line && `line ${known.line}`] : [call.name];
    card.querySelector(".about").textContent = parts.filter(Boolean).join(", ");
  }

  // --- devices --------------------------------------------------------------------------------------

  devices(devices, sound) {
    for (const [id, kind, chosen] of [
      ["microphone", "audioinput", sound.microphone],
      ["speaker", "audiooutput", sound.speaker],
    ]) {
      const found = devices.filter((device) => device.kind === kind);
      $(id).replaceChildren(new Option("as the computer has it", ""), ...found.map((device) => new Option(device.name, device.id)));
      $(id).value = found.some((device) => device.id === chosen) ? chosen : "";
    }
    $("ring-loudness").value = sound.loudness;
    $("auto-answer").checked = sound.autoAnswer;
  }
}

function number(call) {
  return !call.number || call.number === "anonymous" ? "Number withheld" : call.number;
}

function pressed(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

function stage(call) {
  const held = [call.held && "on hold", call.heldByOther && "held by the other side", call.muted && "muted"].filter(Boolean);
  return [STAGES[call.state], ...held, lasting(call.since)].join(", ");
}

function lasting(since) {
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
