"""Sycoscope: did a fine-tune make the model a yes-man, how much, and how far can the number be trusted?"""
