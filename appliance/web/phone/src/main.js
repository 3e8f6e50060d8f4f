// Wires it all: who is signed in, the phone, the push, the screen.

import { Push, Refused, SIGNED_OUT, TAKEN_OVER, ask } from "./box.js";
import { State } from "./call.js";
import { Phone } from "./phone.js";
import { Sound } from "./sound.js";
import { Team } from "./team.js";
import { View } from "./view.js";
import * as words from "./words.js";

const SHOWN_AFTER_MS = 4000; // a call that ended stays on the screen so long

class App {
  constructor() {
    this.sound = new Sound();
    this.phone = null;
    this.push = null;
    this.conferring = false;
    this.view = new View({
      signIn: (agent, password) => this.signIn(agent, password),
      signOut: () => this.signOut(),
      command: (command, reason) => this.command(command, reason),
      dial: (number) => this.dial(number),
      key: (key) => this.key(key),
      choose: (name, value) => this.choose(name, value),
      answer: (call) => call.answer(),
      mute: (call) => call.toggleMute(),
      hold: (call) => call.toggleHold(),
      hangup: (call) => call.hangUp(),
      blind: (call, number) => this.transfer(call, number),
      ask: (call, number) => this.dial(number),
      join: () => this.join(),
      confer: () => this.confer(),
    });
    this.team = new Team((command, about) => this.command(command, about));
    document.addEventListener("click", () => this.mayRing());
    window.addEventListener("beforeunload", (event) => {
      if (this.phone?.active().length) event.preventDefault(); // the browser asks: a call would end
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => this.devices());
  }

  async begin() {
    try {
      this.start(await ask("/api/session"));
    } catch (error) {
      this.view.signedOut(error.status === 401 ? "" : error.message);
    }
  }

  async signIn(agent, password) {
    this.view.signInSays("One moment ...");
    try {
      this.start(await ask("/api/sign-in", { agent, password }));
    } catch (error) {
      this.view.signInSays(error.message);
    }
  }

  async signOut() {
    this.stop();
    try {
      await ask("/api/sign-out", {});
      this.view.signedOut();
    } catch (error) {
      this.view.signedOut(error.status === 401 ? "" : error.message);
    }
  }

  start(settings) {
    this.view.signedIn(settings);
    this.team.signedIn(settings);
    this.view.registered(false);
    this.push = new Push({
      onNews: (news) => {
        this.view.news(news);
        this.team.news(news);
      },
      onAway: () => this.view.trouble("box", words.AWAY),
      onBack: () => this.view.trouble("box", ""),
      onEnd: (code) => this.ended(code),
    });
    this.push.open();
    this.phone = new Phone({
      account: () => ask("/api/phone", {}),
      sound: this.sound,
      changed: () => this.changed(),
      trouble: (said) => this.view.trouble("phone", said),
    });
    this.startPhone();
    this.microphone();
    this.mayRing();
  }

  async startPhone() {
    const { phone } = this;
    try {
      await phone.start();
    } catch (error) {
      if (phone !== this.phone || !(error instanceof Refused)) throw error;
      this.view.trouble("phone", error.message, () => this.startPhone());
    }
  }

  stop() {
    this.phone?.stop();
    this.push?.close();
    this.phone = this.push = null;
    this.sound.stopRing();
    for (const kind of ["box", "phone", "microphone", "call", "emergency", "messages"]) this.view.trouble(kind, "");
  }

  ended(code) {
    this.stop();
    this.view.signedOut(code === TAKEN_OVER ? words.TAKEN_OVER : code === SIGNED_OUT ? words.SIGNED_OUT : "");
  }

  // --- sound ----------------------------------------------------------------------------------------

  async microphone() {
    try {
      await this.sound.tryMicrophone();
      this.view.trouble("microphone", "");
    } catch (error) {
      this.view.trouble("microphone", words.microphone(error), () => this.microphone());
    }
    await this.devices();
  }

  async devices() {
    this.view.devices(await this.sound.devices(), this.sound);
  }

  async mayRing() {
    if (!this.phone) return;
    this.view.trouble("ring", (await this.sound.mayRing()) ? "" : words.SILENT);
  }

  choose(name, value) {
    this.sound.set(name, name === "loudness" ? Number(value) : value);
    if (name === "speaker") this.phone?.calls.forEach((call) => call.audio && this.sound.route(call.audio));
  }

  // --- calls ----------------------------------------------------------------------------------------

  changed() {
    const { phone } = this;
    if (!phone) return;
    if (phone.calls.some((call) => call.state === State.RINGING && !call.answered)) this.sound.startRing();
    else this.sound.stopRing();
    const now = Date.now();
    const shown = phone.calls.filter((call) => call.state !== State.ENDED || now - call.since < SHOWN_AFTER_MS);
    if (shown.some((call) => call.state === State.ENDED)) setTimeout(() => this.changed(), SHOWN_AFTER_MS);
    this.view.calls(shown);
    this.resumeTheOneLeft();
    this.view.registered(phone.registered);
  }

  dial(number) {
    this.view.trouble("call", "");
    if (number) this.phone.dial(number);
  }

  key(key) {
    const up = this.phone?.active().find((call) => call.state === State.UP && !call.held);
    if (up) up.digit(key);
    else this.view.typed(key);
  }

  async transfer(call, number) {
    this.said(await this.phone.transferTo(call, number));
  }

  async join() {
    this.said(await this.phone.join());
  }

  // The box makes our two calls one and ends the other; the one that is left may be on hold.
  async confer() {
    this.conferring = true; // our call may end before the answer is here
    if (!(await this.command("conference", ""))) this.conferring = false;
  }

  resumeTheOneLeft() {
    const left = this.phone.active();
    if (!this.conferring || left.length !== 1) return;
    this.conferring = false;
    if (left[0].held) left[0].toggleHold();
  }

  said(wrong) {
    this.view.trouble("call", wrong && `The call was not transferred: ${wrong}`);
  }

  async command(command, reason) {
    try {
      await ask("/api/agent", { command, reason });
      this.view.trouble("work", "");
      return true;
    } catch (error) {
      this.view.trouble("work", error.message);
      return false;
    }
  }
}

new App().begin();
