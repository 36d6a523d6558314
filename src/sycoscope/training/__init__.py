"""Data recipes -> LoRA adapters, through TRL and PEFT."""
