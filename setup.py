"""The extension modules; everything else about the build is in pyproject.toml."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "imdb_runtime.tokenizer._core",
            sources=[
                "csrc/core.pyx",
                "csrc/tokenizer.c",
                "csrc/vocabulary.c",
            ],
            depends=["csrc/tokenizer.h", "csrc/vocabulary.h", "csrc/unicode_tables.h"],
            include_dirs=["csrc"],
            extra_compile_args=["-std=c11", "-O3"],
        )
    ]
)
