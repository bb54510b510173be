"""The extension modules; everything else about the build is in pyproject.toml."""

from pathlib import Path

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "imdb_runtime._core",
            sources=[
                "csrc/batches.c",
                "csrc/core.pyx",
                "csrc/engine.c",
                "csrc/engine_avx2.c",
                "csrc/engine_scalar.c",
                "csrc/explain.c",
                "csrc/lines.c",
                "csrc/rows.c",
                "csrc/short_words.c",
                "csrc/tier_avx2.c",
                "csrc/tier_scalar.c",
                "csrc/tiers.c",
                "csrc/tokenizer.c",
                "csrc/vocabulary.c",
            ],
            depends=[str(path) for path in Path("csrc").glob("*.[hp]*")],
            include_dirs=["csrc"],
            extra_compile_args=["-std=c11", "-O3"],
        )
    ]
)
