"""What the runtime takes from where it runs: settings, environment, identity, process limits."""
