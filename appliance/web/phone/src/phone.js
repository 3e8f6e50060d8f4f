// The SIP side: stays registered at the edge by wss, and holds the calls.

import JsSIP from "jssip";
import { Call, State, wantsAutoAnswer } from "./call.js";
import { RECONNECTING, REFUSED, unreachable } from "./words.js";

const AGAIN_MS = 4000; // after a refused registration
const NEW_ACCOUNT_MS = 10000; // the least between two new accounts

export class Phone {
  // `account()` resolves to what /api/phone answers; `changed()` is told of calls, `trouble(words)` of the rest.
  constructor({ account, sound, changed, trouble }) {
    Object.assign(this, { account, sound, changed, trouble });
    this.calls = [];
    this.ua = null;
    this.registered = false;
    this.reached = false; // at least once
    this.asked = 0;
    this.again = 0;
  }

  async start() {
    this.asked = Date.now();
    this.open(await this.account());
  }

  open(account) {
    this.realm = account.realm;
    this.address = `wss://${location.hostname}:${account.wss_port}`;
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(this.address)],
      uri: `sip:${account.user}@${account.realm}`,
      password: account.password,
      realm: account.realm,
      register_expires: account.register_seconds,
      user_agent: "Callbox phone",
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.ua = ua;
    const mine = (act) => (event) => this.ua === ua && act(event);
    ua.on("connected", mine(() => (this.reached = true)));
    ua.on("disconnected", mine(() => this.lost(this.reached ? RECONNECTING : unreachable(this.address))));
    ua.on("registered", mine(() => this.isRegistered()));
    ua.on("registrationFailed", mine(({ response }) => this.refused(response)));
    ua.on("newRTCSession", mine(({ originator, session, request }) => {
      if (originator === "remote") this.rings(session, request);
    }));
    ua.start();
  }

  stop() {
    clearTimeout(this.again);
    this.calls.forEach((call) => call.hangUp());
    if (this.ua) this.ua.stop();
    this.ua = null;
    this.registered = false;
  }

  lost(words) {
    this.registered = false;
    this.trouble(words);
    this.changed();
  }

  isRegistered() {
    const back = !this.registered && this.wasRegistered;
    this.registered = this.wasRegistered = true;
    this.trouble("");
    if (back) this.calls.forEach((call) => call.refresh());
    this.changed();
  }

  async refused(response) {
    const status = response ? response.status_code : 0;
    this.lost(status ? REFUSED : RECONNECTING);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.tryAgain(status), AGAIN_MS);
  }

  // The box may have ended the account while it could not see us: then a new one is needed.
  async tryAgain(status) {
    const newOne = [401, 403, 404, 407].includes(status) && Date.now() - this.asked > NEW_ACCOUNT_MS;
    if (!this.ua) return;
    if (!newOne || this.active().length) {
      if (this.ua.isConnected()) this.ua.register();
      return;
    }
    this.asked = Date.now();
    try {
      const account = await this.account();
      this.ua.stop();
      this.open(account);
    } catch {
      this.refused({ status_code: status }); // the box is away
    }
  }

  // --- calls ---------------------------------------------------------------------------------------

  active() {
    return this.calls.filter((call) => call.state !== State.ENDED);
  }

  rings(session, request) {
    if (this.active().length) {
      session.terminate({ status_code: 486 }); // one caller at a time: another phone, or a colleague, takes it
      return;
    }
    const from = session.remote_identity;
    const call = this.add(session, {
      number: from.uri.user || "",
      name: from.display_name || "",
      incoming: true,
      autoAnswer: wantsAutoAnswer(request),
    });
    if (call.autoAnswer || this.sound.autoAnswer) call.answer();
  }

  dial(number) {
    this.active().forEach((call) => call.state === State.UP && call.putOnHold());
    const session = this.ua.call(this.uri(number), {
      mediaConstraints: this.sound.constraints(),
      pcConfig: { iceServers: [] },
    });
    return this.add(session, { number, name: "", incoming: false, autoAnswer: false });
  }

  uri(number) {
    return `sip:${encodeURIComponent(number.replace(/[\s()./-]/g, ""))}@${this.realm}`;
  }

  add(session, about) {
    this.calls = this.active();
    const call = new Call({ session, ...about, sound: this.sound, changed: () => this.changed() });
    this.calls.push(call);
    this.changed();
    return call;
  }

  // Hands `call` over to `number` at once. "" or what went wrong.
  transferTo(call, number) {
    return this.handOver(call, number, undefined);
  }

  // The two calls are joined, and we leave. "" or what went wrong.
  async join() {
    const [first, second] = this.active();
    return this.handOver(first, second.number, second);
  }

  async handOver(call, number, other) {
    const wrong = await call.transfer(this.uri(number), other);
    if (!wrong) [call, other].forEach((done) => done && done.hangUp());
    return wrong;
  }
}
