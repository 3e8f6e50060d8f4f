"""What the box does with lines beside calls: messages, USSD, limits, the balance, history, alarms."""
