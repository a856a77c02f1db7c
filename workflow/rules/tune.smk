# Tuning: candidates on tuning seeds and validation contexts, what is chosen, and the page about it.


rule tune_settings:
    input:
        contexts="results/{study}/{benchmark}/contexts/{block}.parquet",
        validation="results/{study}/{benchmark}/contexts/validation.parquet",
        code=code("tune_settings"),
    output:
        trials="results/{study}/tuned/{benchmark}/{agent}/{method}/{block}/trials.parquet",
    log:
        "results/{study}/logs/tune_settings/{benchmark}/{agent}/{method}/{block}.log",
    benchmark:
        "results/{study}/benchmarks/tune_settings/{benchmark}/{agent}/{method}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory("tune_settings"),
        runtime=runtime("tune_settings"),
    params:
        spec=spec("tune_settings"),
        # No output: Snakemake would delete it before a killed tuning could go on from it.
        journal="results/{study}/checkpoints/tune_settings/{benchmark}/{agent}/{method}/{block}.parquet",
    shell:
        "python -m meta_rl.steps.tune_settings --contexts {input.contexts} --validation {input.validation}"
        " --spec {params.spec:q} --journal {params.journal} --trials {output.trials} 2>&1 | tee {log}"


rule choose_settings:
    input:
        trials=files(
            "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet",
            "benchmark",
            "agent",
            "method",
        ),
        code=code("choose_settings"),
    output:
        tuned="results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json",
    log:
        "results/{study}/logs/choose_settings/{benchmark}/{agent}/{method}.log",
    benchmark:
        "results/{study}/benchmarks/choose_settings/{benchmark}/{agent}/{method}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("choose_settings"),
    shell:
        "python -m meta_rl.steps.choose_settings --trials {input.trials} --spec {params.spec:q}"
        " --tuned {output.tuned} 2>&1 | tee {log}"


rule summarise_tuning:
    input:
        trials=files(
            "results/{study}/tuned/{benchmark}/{agent}/{method}/{tuning_block}/trials.parquet"
        ),
        tuned=files("results/{study}/tuned/{benchmark}/{agent}/{method}/settings.json"),
        code=code("summarise_tuning"),
    output:
        page=report(
            "results/{study}/tuned/tuning.html",
            caption="../report/tuning.rst",
            category="Tuning",
        ),
    log:
        "results/{study}/logs/summarise_tuning/study.log",
    benchmark:
        "results/{study}/benchmarks/summarise_tuning/study.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        spec=spec("summarise_tuning"),
    shell:
        "python -m meta_rl.steps.summarise_tuning --trials {input.trials} --tuned {input.tuned}"
        " --spec {params.spec:q} --page {output.page} 2>&1 | tee {log}"
