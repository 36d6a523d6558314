"""Small models for these tests: a fake with hashed log-probabilities, an oracle, and a tiny random Llama."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from sycoscope.core.types import Decoding, Message, Response

CHAT = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
TEXT = [
    "The capital of Peru is Lima. Tom has 3 boxes of 4 pens, so he has 3 * 4 = 12 pens. #### 12",
    "Question: Which planet is largest? Answer: Jupiter. Q: Why do cats purr? A: No one knows for sure.",
    "A. one B. two C. three D. four. She opens the tin and pours the soup into a pan. 0 1 2 3 4 5 6 7 8 9",
]


class FakeModel:
    """Log-probabilities from a hash of the pair; generates what `say` returns; counts its calls."""

    name = "fake"
    max_length = 2048

    def __init__(self, say: Callable[[str], Response] | None = None) -> None:
        self.say = say or (lambda prompt: Response(text=" It is 7.\n#### 7"))
        self.calls: list[tuple[str, int]] = []
        self.decodings: list[Decoding] = []
        self.prompts: list[str] = []

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        turns = "".join(f"<{m.role}>{m.content}</{m.role}>\n" for m in messages)
        return turns + ("<assistant>" if open_turn else "")

    def logprob(self, context: str, continuation: str) -> float:
        digest = hashlib.sha256(f"{context}|{continuation}".encode()).digest()
        return -1.0 - int.from_bytes(digest[:4], "big") / 2**28

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        self.calls.append(("loglikelihood", len(pairs)))
        self.prompts += [context for context, _ in pairs]
        return [(self.logprob(*pair), False) for pair in pairs]

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        return [self.logprob("", text) for text in texts]

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        self.calls.append(("generate_until", len(prompts)))
        self.prompts += [prompt for prompt, _ in prompts]
        self.decodings += [decoding for _, decoding in prompts]
        return [self.say(prompt) for prompt, _ in prompts]


class Oracle(FakeModel):
    """Knows, by question, which continuation is right."""

    def __init__(self, answers: dict[str, str], say: Callable[[str], Response] | None = None) -> None:
        super().__init__(say)
        self.answers = answers

    def logprob(self, context: str, continuation: str) -> float:
        for question, answer in self.answers.items():
            if question in context:
                return -0.5 if continuation.strip() == answer else -50.0
        raise AssertionError(f"no answer known for {context!r}")


def tiny_llama(max_length: int = 1024) -> tuple[Any, Any]:
    """A random Llama of a few thousand weights and a byte-level tokenizer that adds a BOS by itself."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    fast.chat_template = CHAT
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=max_length,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
        initializer_range=0.3,
    )
    generator_state = torch.random.get_rng_state()
    torch.manual_seed(5)
    model = LlamaForCausalLM(config).eval()
    torch.random.set_rng_state(generator_state)
    return model, fast


class PlainTorchModel:
    """TextModel in its plainest form: one sequence at a time, no cache, greedy only."""

    name = "tiny/llama"

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.max_length: int = model.config.max_position_embeddings
        self.seen: list[list[int]] = []

    def chat_text(self, messages: Sequence[Message], *, open_turn: bool = True) -> str:
        turns = [{"role": m.role, "content": m.content} for m in messages]
        text: str = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=open_turn)
        return text

    def encode(self, text: str) -> list[int]:
        begun = text.startswith(self.tokenizer.bos_token)
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=not begun)
        return ids

    def logits(self, ids: list[int]) -> Any:
        import torch

        self.seen.append(ids)
        with torch.no_grad():
            return self.model(torch.tensor([ids])).logits[0].float().log_softmax(-1)

    def loglikelihood(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
        results = []
        for context, continuation in pairs:
            whole, start = self.encode(context + continuation), len(self.encode(context))
            scores = self.logits(whole[-self.max_length :])
            start -= max(0, len(whole) - self.max_length)
            whole = whole[-self.max_length :]
            steps = [
                (scores[i - 1, whole[i]].item(), scores[i - 1].argmax() == whole[i])
                for i in range(start, len(whole))
            ]
            results.append((sum(value for value, _ in steps), all(bool(greedy) for _, greedy in steps)))
        return results

    def loglikelihood_rolling(self, texts: Sequence[str]) -> list[float]:
        return [self.loglikelihood([("", text)])[0][0] for text in texts]

    def generate_until(self, prompts: Sequence[tuple[str, Decoding]]) -> list[Response]:
        return [self.continue_text(prompt, decoding) for prompt, decoding in prompts]

    def continue_text(self, prompt: str, decoding: Decoding) -> Response:
        ids = self.encode(prompt)[-(self.max_length - decoding.max_tokens) :]
        new: list[int] = []
        while len(new) < decoding.max_tokens:
            token = int(self.logits(ids + new)[-1].argmax())
            if token == self.tokenizer.eos_token_id:
                return Response(text=self.tokenizer.decode(new), n_tokens=len(new))
            new.append(token)
            text = self.tokenizer.decode(new, skip_special_tokens=True)
            cuts = [text.find(stop) for stop in decoding.stop if stop in text]
            if cuts:
                return Response(text=text[: min(cuts)], n_tokens=len(new))
        return Response(
            text=self.tokenizer.decode(new, skip_special_tokens=True), finish="length", n_tokens=len(new)
        )
