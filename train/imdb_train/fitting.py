"""Lightning's loop: stopping, checkpoints, averaging, progress."""

import contextlib
import ctypes
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    RichProgressBar,
)

from imdb_train import checkpoints
from imdb_train.lightning import History, ProgressLines, TrainingData, TrainingModule
from imdb_train.recipes import Recipe

# The average moves so rarely, and its decay is that of as many steps: it costs a pass over all
# weights, the embedding's included.
_STEPS_AN_AVERAGE = 8


@dataclass(frozen=True)
class Hardware:
    """What to train on: Lightning's ``precision``, and how many devices (processes on CPU)."""

    precision: str = "32-true"
    devices: int = 1


PLAIN_HARDWARE = Hardware()


def fit(
    module: TrainingModule,
    data: TrainingData,
    folder: Path,
    recipe: Recipe,
    hardware: Hardware,
    history: History,
    report: Callable[[str], None],
    *,
    resume: bool,
) -> pl.Trainer:
    """Train, then put the best epoch's weights back into the module."""
    _quiet_lightning()
    _keep_freed_memory()
    best = ModelCheckpoint(
        folder / checkpoints.CHECKPOINTS,
        "best",
        monitor="val_loss",
        save_last=True,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    stopping = EarlyStopping(
        "val_loss", patience=max(recipe.patience, 1), check_on_train_epoch_end=True
    )
    averaging: list[Callback] = []
    if recipe.ema_decay:
        averaging = [
            EMAWeightAveraging(
                decay=recipe.ema_decay**_STEPS_AN_AVERAGE, update_every_n_steps=_STEPS_AN_AVERAGE
            )
        ]
    on_terminal = sys.stderr.isatty()
    progress = (
        RichProgressBar(leave=True, console_kwargs={"stderr": True})
        if on_terminal
        else ProgressLines(history, report)
    )
    trainer = pl.Trainer(
        accelerator="auto",
        devices=hardware.devices,
        strategy="ddp" if hardware.devices > 1 else "auto",
        precision=hardware.precision,  # type: ignore[arg-type]
        max_epochs=recipe.epochs,
        gradient_clip_val=recipe.clip or None,
        callbacks=[history, progress, stopping, *averaging, best],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=on_terminal,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
    )
    try:
        trainer.fit(
            module,
            data,
            ckpt_path=checkpoints.last_checkpoint(folder) if resume else None,
            weights_only=True,
        )
    except SystemExit as stop:
        if trainer.interrupted:  # Lightning's answer to Ctrl-C
            raise KeyboardInterrupt from stop
        raise
    state = torch.load(best.best_model_path, weights_only=True, map_location="cpu")["state_dict"]
    module.load_state_dict(state)
    return trainer


def _keep_freed_memory() -> None:
    """Have the C library, where it is glibc, keep freed memory for the next batch.

    It would map and unmap every large tensor anew: of an LSTM's training on the CPU, a third of
    the processor time went into page faults.
    """
    no_maps, never_trim = -4, -1  # M_MMAP_MAX, M_TRIM_THRESHOLD
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(no_maps, 0)
        mallopt(never_trim, 2**31 - 1)


def _quiet_lightning() -> None:
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.* is deprecated.*")
    warnings.filterwarnings("ignore", ".*Checkpoint directory .* exists and is not empty.*")
